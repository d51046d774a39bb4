package multiproc

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"multiproc/internal/seam"
)

// parent is the process that started this one, nil in the main process.
var parent *Process

// current is this process: another one from when it takes on its identity.
var current atomic.Pointer[Process]

func init() {
	if self() == nil { // else it is a child
		current.Store(ownProcess("MainProcess", ""))
	}
}

func self() *Process { return current.Load() }

// family are the children of this process that have not ended.
var family members

type members struct {
	mu     sync.Mutex
	number int                   // of the last child that was named
	order  int                   // of the last child that was added
	alive  map[*Process]int      // with its order
	ended  map[*Process]struct{} // whose output is still copied
}

func ownProcess(name, path string) *Process {
	seam.SetProcessName(name)
	p := strangerProcess(name, os.Getpid())
	p.path = path
	return p
}

// strangerProcess returns a handle for this process or its parent.
func strangerProcess(name string, pid int) *Process {
	signal := func(sig syscall.Signal) error {
		proc, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		defer func() { _ = proc.Release() }()
		if pid != os.Getpid() && pid != os.Getppid() { // looked at once it is held, by a pidfd on Linux
			return os.ErrProcessDone
		}
		return proc.Signal(sig)
	}
	return &Process{name: name, pid: pid, grace: DefaultGrace, life: newLife(), act: actions{
		signal: signal,
		ask:    func(time.Duration) error { return signal(syscall.SIGTERM) },
	}}
}

// newChild returns the Process for a child that is about to start, named and
// numbered.
func newChild(opts *Options) *Process {
	family.mu.Lock()
	family.number++
	path := strconv.Itoa(family.number)
	family.mu.Unlock()
	if own := self().path; own != "" {
		path = own + ":" + path
	}
	return &Process{
		name: cmp.Or(opts.Name, "Process-"+path), path: path,
		daemon: opts.Daemon, detached: opts.Detached, grace: opts.grace(), life: newLife(),
	}
}

func (m *members) add(p *Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.alive == nil {
		m.alive = make(map[*Process]int)
	}
	m.order++
	m.alive[p] = m.order
}

func (m *members) remove(p *Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.alive, p)
	if m.ended == nil {
		m.ended = make(map[*Process]struct{})
	}
	m.ended[p] = struct{}{}
}

// settle makes known that the output of an ended child was copied.
func (m *members) settle(p *Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ended, p)
	close(p.life.settled)
}

// unsettled returns the children that have ended, but for their output.
func (m *members) unsettled() []*Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.ended))
}

// list returns the children that are alive, in the order of their start.
func (m *members) list() []*Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Collect(maps.Keys(m.alive))
	slices.SortFunc(list, func(a, b *Process) int { return m.alive[a] - m.alive[b] })
	return list
}

// CurrentProcess returns this process. A function that runs InProcess sees the
// process that it runs in.
func CurrentProcess() *Process { return self() }

// ParentProcess returns the process that started this one through this module,
// nil in the main process. Its Done is closed when it dies; how it ended nobody
// but its own parent learns (Status says Lost).
func ParentProcess() *Process { return parent }

// ActiveChildren returns the children of this process that have not ended, in
// the order of their start. The slice is the caller's.
func ActiveChildren() []*Process { return family.list() }

// WaitAny waits until one of the processes has ended, and returns all that
// have, in the order given [connection.wait]. It returns none of them and ctx's
// error if that ends first; without processes it waits for that.
func WaitAny(ctx context.Context, procs ...*Process) ([]*Process, error) {
	w := &watcher{hit: make(chan struct{}, 1)}
	for _, p := range procs {
		p.life.watch(w)
		defer p.life.unwatch(w)
	}
	for {
		if ended := slices.DeleteFunc(slices.Clone(procs), (*Process).Alive); len(ended) > 0 {
			return ended, nil
		}
		select {
		case <-w.hit:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
