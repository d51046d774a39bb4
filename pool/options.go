package pool

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// DefaultGrace is the Grace of zero Options.
const DefaultGrace = time.Second

// Options adjust a Pool. The zero Options is ready to use; New refuses what is
// negative where that means nothing, with an error that errors.Is finds os.ErrInvalid in.
type Options struct {
	// Workers is how many worker processes there are at most. They are started
	// when there is work for them. Zero means one for each processor that the
	// program may use, GOMAXPROCS; 65,536 is the most. [processes]
	Workers int

	// ChunkSize is how many tasks of a Map a worker has at a time. Zero means
	// that it follows from what tasks cost: about a millisecond's worth, so one
	// where they take longer. When a worker has sent no result for 10 ms, what it
	// has not begun goes to others as soon as they have nothing else to do. [chunksize]
	ChunkSize int

	// Buffer is how many items a Map takes from its iterator before their
	// results are asked for. Zero means as many as keep the workers busy: eight
	// for each, and more where tasks take less than a millisecond. [buffersize]
	Buffer int

	// MaxTasksPerWorker is after how many tasks a worker leaves in order and
	// another one takes its place, for functions that leak. Zero means that
	// they go on for ever. [maxtasksperchild]
	MaxTasksPerWorker int

	// Retries is how often a task is begun again when the worker dies under it.
	// A task may then run more than once, and must bear that: it is run at
	// least once instead of at most once. A task that the pool itself has cut
	// short, for its time or its memory, is not begun again.
	Retries int

	// TaskTimeout is how long a task may run. Its ctx ends then, with the cause
	// ErrTaskTimeout, and if the function does not return within Grace its
	// worker is killed. Zero means no limit. The time in which a task waits for
	// a worker does not count: the caller's ctx bounds that.
	TaskTimeout time.Duration

	// Grace is how long a task whose ctx has ended may take to return before
	// its worker is killed. Zero means DefaultGrace; a negative value means
	// that it is killed at once.
	Grace time.Duration

	// IdleTimeout is how long a worker without work stays. Zero means for ever.
	IdleTimeout time.Duration

	// MemoryLimit is how many bytes a worker may use. It is told to Go's garbage
	// collector, see [runtime/debug.SetMemoryLimit]; on Linux a worker that goes
	// on growing has it refused by the kernel, or is killed, and its task fails
	// with ErrOutOfMemory. Zero means no limit. See the package documentation.
	MemoryLimit int64

	// Progress is told how a Map comes along: after its first result, ten times
	// a second at most, and after its last. It is called by the goroutine that
	// ranges over the Map, and may call anything.
	Progress func(Progress)
}

// check refuses what makes no sense.
func (o *Options) check() error {
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"Workers", int64(o.Workers)},
		{"ChunkSize", int64(o.ChunkSize)},
		{"Buffer", int64(o.Buffer)},
		{"MaxTasksPerWorker", int64(o.MaxTasksPerWorker)},
		{"Retries", int64(o.Retries)},
		{"TaskTimeout", int64(o.TaskTimeout)},
		{"IdleTimeout", int64(o.IdleTimeout)},
		{"MemoryLimit", o.MemoryLimit},
	} {
		if v.value < 0 {
			return fmt.Errorf("pool: invalid Options: %s is %d, which is negative: %w", v.name, v.value, os.ErrInvalid)
		}
	}
	if o.Workers > maxWorkers {
		return fmt.Errorf("pool: invalid Options: Workers is %d, more than %d: %w", o.Workers, maxWorkers, os.ErrInvalid)
	}
	return nil
}

const maxWorkers = 1 << 16

// setDefaults fills in what is zero.
func (o *Options) setDefaults() {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	o.Grace = max(o.Grace, 0)
}
