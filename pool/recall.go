package pool

import (
	"sync"
	"time"

	"multiproc/internal/line"
)

// overstay is how long an outcome is awaited until the tasks behind it may go to
// workers that have nothing to do.
const overstay = 10 * handful

// next waits for an outcome.
func (fd *feeder) next() (line.Outcome, error) {
	l := fd.w.line
	if o, ok := l.Ready(); ok {
		return o, nil
	}
	if fd.flight.len() < 2 || l.Recalling() {
		return l.Next()
	}
	fd.alarm.set(l)
	defer fd.calm()
	for {
		begun := l.Begun()
		o, err := l.Next()
		if err == nil || !fd.alarm.rang() {
			return o, err
		}
		fd.f.resume(fd.w)
		switch {
		case !l.Busy() || l.Begun() != begun:
			fd.alarm.again()
		case fd.f.idles(&fd.alarm):
			fd.recall()
			return l.Next()
		}
	}
}

// calm ends what set has begun.
func (fd *feeder) calm() {
	fd.f.unlate(&fd.alarm)
	if fd.alarm.unset() {
		fd.f.resume(fd.w)
	}
}

// recall takes back what the worker has not begun.
func (fd *feeder) recall() {
	n := fd.w.line.Recall()
	if n == 0 {
		return
	}
	fd.w.tasks -= n
	back := make([]item, n)
	for n > 0 {
		n--
		back[n] = fd.flight.unpush()
	}
	fd.f.giveBack(back)
}

// idles reports whether a feeder has nothing to do, or one could be started. If
// not, the alarm rings when that changes.
func (f *flow) idles(a *alarm) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	idle := f.todo.len() == 0 && (f.hungry > 0 || f.feeders < int(f.pool.size.Load()))
	if !idle {
		f.late[a] = struct{}{}
	}
	return idle
}

func (f *flow) unlate(a *alarm) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.late, a)
}

// idleLocked tells those whose tasks wait that somebody has nothing to do.
func (f *flow) idleLocked() {
	for a := range f.late {
		a.ring()
	}
	clear(f.late)
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

	mu    sync.Mutex // guards what follows
	line  *line.Line // nil while it is not set
	pause time.Duration
	rung  bool // since rang
}

func (a *alarm) set(l *line.Line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.line, a.pause, a.rung = l, overstay, false
	if a.timer == nil {
		a.timer = time.AfterFunc(a.pause, a.ring)
	} else {
		a.timer.Reset(a.pause)
	}
}

// again makes it ring once more, and each time later.
func (a *alarm) again() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pause *= 2
	a.timer.Reset(a.pause)
}

// ring may come late, and then ring for the next line too early: it is waited at
// again.
func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.line != nil {
		a.line.Interrupt()
		a.rung = true
	}
}

// rang reports whether it has rung since it was last asked. An outcome may have
// come all the same.
func (a *alarm) rang() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	rung := a.rung
	a.rung = false
	return rung
}

func (a *alarm) unset() (rang bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer.Stop()
	a.line = nil
	return a.rung
}
