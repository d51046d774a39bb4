package pool

import (
	"math"
	"time"
)

// A guard sees to it that a worker whose task takes too long is killed. It looks
// when the time may be over, and not before.
type guard struct {
	timer *time.Timer
	armed bool
	mark  uint64 // of the line's progress, when it was last seen to change
	at    time.Time
}

// startLimit is how long a worker may take to begin its first task, where tasks
// have a limit.
const startLimit = time.Minute

// begin is called by who leases w.
func (g *guard) begin(w *worker) {
	if w.pool.opts.TaskTimeout == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	limit := w.limit()
	g.armed, g.mark, g.at = true, w.line.Progress(), time.Now()
	if g.timer == nil {
		g.timer = time.AfterFunc(limit, w.look)
	} else {
		g.timer.Reset(limit)
	}
}

// end is called before w is given back: after it nothing is killed any more.
func (g *guard) end(w *worker) {
	if w.pool.opts.TaskTimeout == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	g.armed = false
	if g.timer != nil { // else no task was put
		g.timer.Stop()
	}
}

// limit is how long a task may run until its worker is killed.
func (w *worker) limit() time.Duration {
	return w.pool.opts.TaskTimeout + min(w.pool.opts.Grace, math.MaxInt64-w.pool.opts.TaskTimeout)
}

// look kills the worker if its task is over time, or if it does not even begin
// one: a stopped process does not.
func (w *worker) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := &w.guard
	if !g.armed {
		return
	}
	limit := w.limit()
	left := limit - w.line.Running()
	if progress := w.line.Progress(); progress != g.mark {
		g.mark, g.at = progress, time.Now()
	} else if left == limit && w.line.InFlight() > 0 {
		if w.line.Begun() == 0 {
			limit = max(limit, startLimit)
		}
		left = limit - time.Since(g.at)
	}
	if left > 0 {
		g.timer.Reset(min(left, w.limit()))
		return
	}
	if w.why == nil {
		w.why = ErrTaskTimeout
	}
	_ = w.proc.Kill() // under the lock, so that it can't be another task's turn
}
