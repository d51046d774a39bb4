package finalize

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// runFrom is one pass. Passes that overlap share registry.order, and so take
// from the same lists; each claims what it runs.
func (r *registry) runFrom(minPriority int) error {
	if r.foreign() {
		return nil
	}
	p := pass{registry: r, min: minPriority, depth: callbackDepth()}
	r.begin(&p)
	defer r.end(&p)
	for {
		p.runEligible()
		if !p.awaitOthers() {
			return errors.Join(p.failures...)
		}
	}
}

type pass struct {
	registry *registry
	min      int
	depth    int // how many callbacks this pass is called from, one inside the other
	failures []error
	patience *time.Timer // nil until the pass first waits
}

func (r *registry) begin(p *pass) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passes++
	r.enclosed += p.depth
	if r.passes > 1 {
		return
	}
	// Sorting waits until now: adding and removing needn't know the order.
	for _, l := range r.lists {
		if l.newest != nil {
			l.ordered = true
			r.order = append(r.order, l)
		}
	}
	slices.SortFunc(r.order, byPriority)
}

func (r *registry) end(p *pass) {
	if p.patience != nil {
		p.patience.Stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enclosed -= p.depth
	if r.passes--; r.passes > 0 {
		return
	}
	for _, l := range r.order {
		l.ordered = false
	}
	r.order = nil
	r.pruneLocked()
}

// eligibleLocked returns what is to run next in a pass from minPriority up,
// or nil.
func (r *registry) eligibleLocked(minPriority int) *Finalizer {
	for n := len(r.order); n > 0; n = len(r.order) {
		l := r.order[n-1]
		if l.newest != nil {
			if l.priority < minPriority {
				return nil
			}
			return l.newest
		}
		l.ordered = false // what is added to l from now on puts it back
		r.order[n-1] = nil
		r.order = r.order[:n-1]
	}
	return nil
}

// runEligible runs what the pass may run until there is nothing more. A
// goroutine of its own does it, because a callback may end that; it is
// replaced only then.
func (p *pass) runEligible() {
	f := p.next(nil)
	for f != nil {
		rest := make(chan *Finalizer)
		go p.work(f, rest)
		f = <-rest
	}
}

// work runs f, and what comes next. It sends what is left to begin with if a
// callback ends the goroutine, and nil at the end.
func (p *pass) work(f *Finalizer, rest chan<- *Finalizer) {
	defer func() {
		if f != nil {
			p.fail(f, ErrGoexit)
			f = p.next(f)
		}
		rest <- f
	}()
	for f != nil {
		if err := invoke(f); err != nil {
			p.fail(f, err)
		}
		f = p.next(f)
	}
}

// next finishes last, unless it is nil, and claims the next one to run.
func (p *pass) next(last *Finalizer) *Finalizer {
	r := p.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if last != nil {
		r.finishLocked(last)
	}
	f := r.eligibleLocked(p.min)
	if f != nil {
		r.claimLocked(f, running)
	}
	return f
}

func (p *pass) fail(f *Finalizer, err error) {
	p.failures = append(p.failures, fmt.Errorf("finalize: %s: %w", f.describe(), err))
}

// awaitOthers waits for callbacks that others run. It returns true as soon as
// there is something to run for this pass again, and false when the pass is
// over: nothing is in flight, or the time is up.
//
// A pass that was called from a callback can't wait for that callback, nor for
// one that may be waiting for it in the same way. So it waits for all that
// are not inside a pass; whose callbacks those are doesn't matter, their number
// is enough. A pass that was not called from a callback waits for all: none of
// them waits for it.
func (p *pass) awaitOthers() (again bool) {
	r := p.registry
	for {
		r.mu.Lock()
		if r.eligibleLocked(p.min) != nil {
			r.mu.Unlock()
			return true
		}
		if r.inFlight == 0 || p.depth > 0 && r.inFlight <= r.enclosed {
			r.mu.Unlock()
			return false
		}
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()

		if p.patience == nil {
			p.patience = time.NewTimer(r.limit)
		}
		select {
		case <-changed:
		case <-p.patience.C:
			p.failRunning()
			return false
		}
	}
}

// failRunning reports what is in flight when the waiting ends.
func (p *pass) failRunning() {
	r := p.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	for f := r.running.newest; f != nil; f = f.older {
		p.fail(f, ErrStillRunning)
	}
}
