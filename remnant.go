package multiproc

import (
	"context"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// A remnant is what is left of the process group of a child that has ended:
// programs that it started and did not end. Those of a function's process, and
// of a program that was ended from here, get SIGTERM at its end, and SIGKILL
// when its Grace is over; nobody waits for that. Those of a program that ended
// by itself are kept until this process exits, where a remnant is one more
// daemon.
type remnant struct {
	child *Process
	proc  *sys.Proc
	empty chan struct{} // closed when nobody is left, or nobody who can be killed
	wake  chan struct{} // room for one: look now

	mu     sync.Mutex
	asked  bool // to end
	killed bool
	due    time.Time // when to kill, and once that is done, when to give up
}

// remnants are those of this process, in no order: most processes have none.
var remnants remnantSet

type remnantSet struct {
	mu  sync.Mutex
	set map[*Process]*remnant
}

func (s *remnantSet) add(r *remnant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = make(map[*Process]*remnant)
	}
	s.set[r.child] = r
}

func (s *remnantSet) remove(r *remnant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, r.child)
}

// of returns what is left of p's group, nil for nothing.
func (s *remnantSet) of(p *Process) *remnant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set[p]
}

// list returns what this process may not leave behind.
func (s *remnantSet) list() []*remnant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(s.set)), func(r *remnant) bool { return r.child.detached })
}

// reapGroup waits for the end of a child. What is left of its group is seen to
// before anybody learns of the end, and in the background; last says what it
// gets at once, zero being nothing.
func (p *Process) reapGroup(proc *sys.Proc, last func() syscall.Signal) sys.Exit {
	exit, left := proc.Reap(last)
	if !left {
		proc.Release()
		p.tie.Gone()
		return exit
	}
	r := &remnant{child: p, proc: proc, empty: make(chan struct{}), wake: make(chan struct{}, 1)}
	remnants.add(r)
	switch { // after that, for whoever asks finds it or has been noted
	case last() != 0 || p.life.wasAsked():
		r.noteAsked(p.grace)
	case IsExiting() && !p.detached: // the sequence may have been here before
		r.AskToEnd(p.grace)
	}
	go r.watch()
	return exit
}

// lastSignal is what a function leaves behind gets when its process has ended.
func (p *Process) lastSignal() syscall.Signal {
	switch {
	case p.detached && !p.life.wasAsked():
		return 0
	case p.grace < 0:
		return syscall.SIGKILL
	}
	return syscall.SIGTERM
}

// killGroup kills a child and its group, also when only the group is left.
func (p *Process) killGroup(proc *sys.Proc) error {
	err := proc.KillGroup()
	if r := remnants.of(p); r != nil {
		_ = r.Kill()
	}
	return err
}

// The pauses between two looks at a group, for there is no event to wait for.
const (
	firstPause = 5 * time.Millisecond
	endPause   = 50 * time.Millisecond // of one that has been asked to end
	keptPause  = time.Second
)

// watch sees to the group until nobody in it runs, or what does is beyond our
// power: the kernel holds it in a system call.
func (r *remnant) watch() {
	defer func() {
		remnants.remove(r)
		r.proc.Release()
		r.child.tie.Gone()
		close(r.empty)
	}()
	pause := firstPause
	next := time.NewTimer(pause)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			pause *= 2
		case <-r.wake:
			pause = firstPause
		}
		most, over := r.step()
		if over {
			return
		}
		pause = min(pause, most)
		next.Reset(pause)
	}
}

// step kills what has had its time, and tells when to look again at the latest.
func (r *remnant) step() (most time.Duration, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asked {
		return keptPause, r.proc.SignalGroup(0) != nil
	}
	if !r.proc.GroupLives() { // which takes a look at all processes
		return 0, true
	}
	if left := time.Until(r.due); left > 0 {
		return min(left, endPause), false
	}
	if r.killed {
		return 0, true
	}
	r.killLocked()
	return firstPause, false
}

func (r *remnant) killLocked() {
	_ = r.proc.SignalGroup(syscall.SIGKILL) // gone is as good
	const unkillable = 5 * time.Second
	r.asked, r.killed, r.due = true, true, time.Now().Add(unkillable)
}

// noteAsked takes down that the group was asked to end.
func (r *remnant) noteAsked(within time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asked {
		r.asked, r.due = true, time.Now().Add(within)
	}
}

// AskToEnd asks once, and may only shorten the time later.
func (r *remnant) AskToEnd(within time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := time.Now().Add(within)
	switch {
	case !r.asked:
		_ = r.proc.SignalGroup(syscall.SIGTERM) // gone is as good
		r.asked, r.due = true, due
	case !r.killed && due.Before(r.due):
		r.due = due
	}
	r.look()
}

// Kill ends the group by SIGKILL.
func (r *remnant) Kill() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.killed {
		r.killLocked()
	}
	r.look()
	return nil
}

func (r *remnant) look() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Stop ends the group within its time, as [Process.Stop] does.
func (r *remnant) Stop(ctx context.Context) error {
	if r.child.grace >= 0 && ctx.Err() == nil {
		r.AskToEnd(r.child.grace)
		select {
		case <-r.empty:
			return nil
		case <-ctx.Done():
		}
	}
	_ = r.Kill()
	<-r.empty
	return nil
}

// What else the exit sequence wants to know.
func (r *remnant) Name() string          { return r.child.name + "'s group" }
func (r *remnant) PID() int              { return r.child.pid }
func (r *remnant) Daemon() bool          { return true }
func (r *remnant) Grace() time.Duration  { return r.child.grace }
func (r *remnant) Done() <-chan struct{} { return r.empty }
