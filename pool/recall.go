package pool

import (
	"sync"
	"time"

	"multiproc/internal/line"
)

// overstay is how long a task may run until those behind it go to workers that
// have nothing to do.
const overstay = 10 * handful

// next waits for an outcome.
func (fd *feeder) next() (line.Outcome, error) {
	l := fd.w.line
	for fd.flight.len() > 1 {
		if o, ok := l.Ready(); ok {
			return o, nil
		}
		begun := l.Begun()
		fd.alarm.set(l)
		o, err := l.Next()
		if !fd.alarm.unset() {
			return o, err
		}
		fd.f.resume(fd.w)
		if err == nil {
			return o, nil
		}
		if l.Lost() && l.Begun() == begun && fd.f.idles() {
			fd.recall()
		}
	}
	return l.Next()
}

// recall takes back what the worker has not begun.
func (fd *feeder) recall() {
	n := fd.w.line.Recall()
	fd.w.tasks -= n
	back := make([]item, n)
	for n > 0 {
		n--
		back[n] = fd.flight.unpush()
	}
	fd.f.giveBack(back)
}

// idles reports whether a feeder has nothing to do, or is not there for that.
func (f *flow) idles() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.todo.len() == 0 && (f.hungry > 0 || f.feeders < int(f.pool.size.Load()))
}

// resume ends the interruption of a worker's line, unless the flow is cut.
func (f *flow) resume(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken == nil {
		w.line.Resume()
	}
}

// An alarm interrupts a line that has been waited at for long.
type alarm struct {
	timer *time.Timer

	mu   sync.Mutex
	line *line.Line // nil while it is not set
	rang bool
}

func (a *alarm) set(l *line.Line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.line, a.rang = l, false
	if a.timer == nil {
		a.timer = time.AfterFunc(overstay, a.ring)
	} else {
		a.timer.Reset(overstay)
	}
}

func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.line != nil {
		a.line.Interrupt()
		a.rang = true
	}
}

// unset reports whether the line was interrupted, and maybe for nothing.
func (a *alarm) unset() (rang bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer.Stop()
	a.line = nil
	return a.rang
}
