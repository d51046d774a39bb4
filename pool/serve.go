package pool

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"multiproc"
	"multiproc/internal/line"
	"multiproc/internal/seam"
	"multiproc/internal/sys"
)

// serveFunc is what a worker process runs.
var serveFunc = multiproc.NewFunc("worker", serve)

// boot is what a worker has to know from the start.
type boot struct {
	Func        string
	Timeout     time.Duration
	MemoryLimit int64
	Procs       int
	Local       int64 // the key in locals of a worker in this process, else zero
}

// serve is the life of a worker: it runs tasks until the pool wants no more.
func serve(ctx context.Context, b boot) (struct{}, error) {
	run, err := seam.Runner(b.Func)
	if err != nil {
		return struct{}{}, err
	}
	settings := line.Settings{
		Run: run,
		Goexit: func() ([]byte, bool) {
			return seam.Goexit(), !multiproc.IsExiting() // Exit ends its goroutine in the same way
		},
		Timeout: b.Timeout, Overtime: ErrTaskTimeout, Clocked: b.Timeout > 0,
	}
	if b.Local != 0 {
		return struct{}{}, locals.take(b.Local)(settings).Serve(ctx)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(b.Procs)
	}
	if b.MemoryLimit > 0 {
		limitMemory(b.MemoryLimit)
	}
	w, err := line.Adopt(multiproc.InheritedFile, settings)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, w.Serve(ctx)
}

// procs is the GOMAXPROCS of one of n workers.
func procs(n int) int { return max(1, runtime.GOMAXPROCS(0)/n) }

// localEnds are the ends of lines that workers in this process are about to take.
type localEnds struct {
	mu   sync.Mutex
	last int64
	ends map[int64]func(line.Settings) *line.Worker
}

var locals localEnds

func (l *localEnds) put(end func(line.Settings) *line.Worker) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends == nil {
		l.ends = make(map[int64]func(line.Settings) *line.Worker)
	}
	l.last++
	l.ends[l.last] = end
	return l.last
}

func (l *localEnds) take(key int64) func(line.Settings) *line.Worker {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.ends[key]
	delete(l.ends, key)
	return end
}

// headroom is what a worker may map beyond its limit. Go takes memory from the
// kernel 64 MiB at a time, and uses less.
const headroom = 128 << 20

// limitMemory makes the garbage collector work harder near the limit, and the
// kernel refuse what is far beyond it.
func limitMemory(limit int64) {
	debug.SetMemoryLimit(limit)
	_ = sys.LimitData(limit + headroom) // elsewhere, and where it is refused, the pool looks itself
}

// refusedMemory tells by the crash text whether the kernel has refused memory.
// Go's collector sometimes uses what it was refused (1.26's span queue does) and
// so falls at address 0, on the runtime's own stack.
func refusedMemory(crash string) bool {
	if strings.Contains(crash, "out of memory") || strings.Contains(crash, "cannot allocate memory") {
		return true
	}
	signal, stack, _ := strings.Cut(crash, "\ngoroutine 0 ")
	_, frames, _ := strings.Cut(stack, "\n")
	return strings.HasPrefix(signal, "SIGSEGV") && strings.Contains(signal, " addr=0x0\n") && strings.HasPrefix(frames, "runtime.")
}
