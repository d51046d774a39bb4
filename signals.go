package multiproc

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// A stop is the wish that this process ends: by a signal, by the parent, or by
// the parent's death. There is one for each process; it only gets more urgent.
type stop struct {
	cancel context.CancelCauseFunc // of what the function or run was given
	late   func()                  // called once the function has had its share of the time

	wanted chan struct{} // closed by the first wish
	skip   chan struct{} // closed by the second bare signal: no more waiting

	mu       sync.Mutex
	sig      syscall.Signal // to die by, zero for none
	deadline time.Time      // by when all must be over, zero for none
	timers   []*time.Timer
	signals  int  // that nothing explains
	told     bool // by a message, which signals come with
}

// newStop returns a stop that cancels what is given.
func newStop(cancel context.CancelCauseFunc, late func()) *stop {
	return &stop{cancel: cancel, late: late, wanted: make(chan struct{}), skip: make(chan struct{})}
}

// ask is what a signal or a message does. The function has share of the time
// for itself; at the deadline, if there is one, the process ends whatever it is
// doing.
func (s *stop) ask(cause error, sig syscall.Signal, share time.Duration, deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isClosed(s.wanted) {
		s.sig = sig
		close(s.wanted)
		s.cancel(cause)
	} else if deadline.IsZero() || (!s.deadline.IsZero() && !deadline.Before(s.deadline)) {
		return // no more urgent than before
	}
	for _, t := range s.timers {
		t.Stop()
	}
	s.timers = []*time.Timer{time.AfterFunc(share, s.late)}
	if !deadline.IsZero() {
		s.deadline = deadline
		s.timers = append(s.timers, time.AfterFunc(time.Until(deadline), func() { dieBy(s.sig) }))
	}
}

// within asks to end within that time, of which the function gets half.
func (s *stop) within(cause error, sig syscall.Signal, left time.Duration) {
	left = max(left, 0)
	s.ask(cause, sig, left/2, time.Now().Add(left))
}

// hear takes in what the parent says: the signals that follow are part of that.
// There is no moment at which a message has left the socket and is not noted.
func (s *stop) hear(recv func() (n int, err error)) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err = recv()
	s.told = s.told || n > 0
	return n, err
}

// signalled counts a signal, unless a message that was heard or is pending
// explains it. The second one ends all waiting.
func (s *stop) signalled(pending func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told || pending() {
		return
	}
	s.signals++
	if s.signals >= 2 && !isClosed(s.skip) {
		close(s.skip)
		go s.late()
	}
}

// state tells whether the end was asked for, and what to die by.
func (s *stop) state() (asked bool, sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return isClosed(s.wanted), s.sig
}

// by is the deadline, zero for none.
func (s *stop) by() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deadline
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A signalError is the cause of the end of run's context.
type signalError struct{ sig syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("multiproc: got signal %v", e.sig) }

// Is lets errors.Is find ErrTerminated in what a signal causes.
func (e *signalError) Is(target error) bool { return target == ErrTerminated }

// notice calls handle for each of the signals. Those that were ignored on entry
// stay so: nohup means it, and so does a shell that starts something in the
// background.
func notice(handle func(syscall.Signal)) {
	sigs := []os.Signal{syscall.SIGTERM}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			sigs = append(sigs, sig)
		}
	}
	c := make(chan os.Signal, 8)
	signal.Notify(c, sigs...)
	go func() {
		for sig := range c {
			handle(sig.(syscall.Signal))
		}
	}()
}

// dieBy ends the process by the signal, so that whoever waits for it sees what
// it died of; by 128+N where the signal can't kill, as PID 1.
func dieBy(sig syscall.Signal) {
	if sig == 0 {
		os.Exit(1) //nolint:forbidigo // this is what the exit sequence ends with
	}
	if os.Getpid() != 1 {
		signal.Reset(sig)
		if sys.SignalSelf(sig) == nil {
			const delivery = 100 * time.Millisecond // it comes at once, unless it is ignored
			<-time.After(delivery)
		}
	}
	os.Exit(128 + int(sig)) //nolint:forbidigo // as above
}
