package pool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"multiproc"
	"multiproc/internal/crew"
	"multiproc/internal/seam"
	"multiproc/internal/sys"
)

// The states of a core, in this order.
const (
	open int32 = iota
	shutting
	closed
)

// A core is a pool without its types. It outlives the Pool that is garbage.
type core struct {
	f    any // the *multiproc.Func
	name string
	opts Options
	crew *crew.Crew[*worker]
	size atomic.Int32 // Options.Workers

	state    atomic.Int32
	accepted sync.WaitGroup // tasks, while the pool is open or shutting
	entering sync.RWMutex   // so that none is accepted once they are waited for

	count   counters
	sampler sampler

	flows struct { // Maps that are under way
		sync.Mutex
		set map[*flow]struct{}
	}
}

func newCore(f any, opts Options) (*core, error) {
	p := &core{f: f, opts: opts}
	p.flows.set = make(map[*flow]struct{})
	var fopts any
	p.name, fopts, _ = seam.Func(f)
	if o, ok := fopts.(multiproc.Options); ok && o.Detached {
		return nil, errors.New("pool: a worker can't be Detached: it ends with its pool")
	}
	p.size.Store(int32(opts.Workers))
	p.sampler.pool = p
	p.crew = crew.New(crew.Hands[*worker]{
		Start:   func() { go p.start() },
		Retire:  func(w *worker) { go w.retire() },
		Dispose: func(w *worker) { w.line.Close() },
	}, crew.Limits{
		Size: opts.Workers, Starting: 4 * runtime.GOMAXPROCS(0), Idle: opts.IdleTimeout,
	})
	return p, nil
}

// enter accepts a task; leave tells that it has its outcome.
func (p *core) enter() error {
	p.entering.RLock()
	defer p.entering.RUnlock()
	if p.state.Load() != open {
		return ErrClosed
	}
	p.accepted.Add(1)
	return nil
}

func (p *core) leave() { p.accepted.Done() }

// enterFlow accepts a Map.
func (p *core) enterFlow(f *flow) error {
	if err := p.enter(); err != nil {
		return err
	}
	p.flows.Lock()
	p.flows.set[f] = struct{}{}
	p.flows.Unlock()
	if p.state.Load() != open { // it may not have been seen there
		f.halt(ErrClosed)
	}
	return nil
}

func (p *core) leaveFlow(f *flow) {
	p.flows.Lock()
	delete(p.flows.set, f)
	p.flows.Unlock()
	p.leave()
}

// refuse accepts nothing more from here on.
func (p *core) refuse(state int32) (was int32) {
	p.entering.Lock()
	was = p.state.Load()
	if was < state {
		p.state.Store(state)
	}
	p.entering.Unlock()
	p.flows.Lock()
	flows := slices.Collect(maps.Keys(p.flows.set))
	p.flows.Unlock()
	for _, f := range flows {
		f.halt(ErrClosed)
	}
	return was
}

func (p *core) resize(n int) error {
	if p.state.Load() != open {
		return ErrClosed
	}
	p.size.Store(int32(n))
	p.crew.Resize(n)
	return nil
}

func (p *core) shutdown(ctx context.Context) error {
	p.refuse(shutting)
	finished := make(chan struct{})
	go func() {
		p.accepted.Wait()
		<-p.crew.Drain()
		close(finished)
	}()
	select {
	case <-finished:
		p.refuse(closed)
		return nil
	case <-ctx.Done():
		return ctxError(ctx)
	}
}

func (p *core) close() error {
	p.refuse(closed)
	return p.end()
}

// end kills what is left and waits for it.
func (p *core) end() error {
	left, gone := p.crew.Close()
	for _, w := range left {
		w.kill(ErrClosed)
	}
	late := time.NewTimer(unkillable)
	defer late.Stop()
	select {
	case <-gone:
		return nil
	case <-late.C:
	}
	var errs []error
	for _, w := range left {
		if !w.proc.Alive() {
			continue
		}
		state := "unknown"
		if s, err := sys.State(w.proc.PID()); err == nil { // R waits for a processor, D is held by the kernel
			state = string(s)
		}
		errs = append(errs, fmt.Errorf("pool: %v was killed and does not end: its state is %s", w.proc, state))
	}
	return errors.Join(errs...)
}
