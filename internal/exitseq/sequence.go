package exitseq

import (
	"sync"
	"time"
)

// A Child is what the sequence needs of a child process.
type Child interface {
	Name() string
	PID() int
	Daemon() bool
	Grace() time.Duration // negative: none
	Done() <-chan struct{}
	AskToEnd(within time.Duration) // terminate, with that much time to do it
	Kill() error
}

// A Sequence is one orderly exit. All functions are set; the zero value of the
// other fields is an ordinary return.
type Sequence struct {
	// Asked is closed when a signal or Terminate wants this exit, which may be
	// in the middle of it: then every child is ended, not only the daemons.
	Asked <-chan struct{}

	// Deadline tells by when everything must be over, zero for no bound.
	Deadline func() time.Time

	// Skip is closed when the waiting for children must end: they are killed.
	Skip <-chan struct{}

	// Children returns those that are alive and not detached.
	Children func() []Child

	// Finalize runs the finalizers that are due before children are ended, or
	// all that remain.
	Finalize func(all bool)

	// Flush is the last step: streams, helpers, logger.
	Flush func()

	// Log reports a step as an event, Waiting whom a join has waited for, Left
	// who could not be killed.
	Log     func(event, message string, args ...any)
	Waiting func(names []string)
	Left    func(name string)

	Trace *Trace
	Clock Clock

	left sync.Map // of the children that could not be killed: nothing more is tried
}

// A Clock is the time as the sequence sees it.
type Clock struct {
	Now   func() time.Time
	After func(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the real one.
var SystemClock = Clock{
	Now: time.Now,
	After: func(d time.Duration) (<-chan time.Time, func()) {
		t := time.NewTimer(d)
		return t.C, func() { t.Stop() }
	},
}

// waitingAfter is how long a join waits silently.
const waitingAfter = 10 * time.Second

// Run goes through all steps, each once, and returns.
func (s *Sequence) Run() {
	s.Log("shutdown", "process shutting down")
	s.step("finalizers", func() {
		s.Log("finalizers", "running finalizers with priority >= 0", "pass", "before-children")
		s.Finalize(false)
	})
	s.step("terminate", func() { s.terminate(isClosed(s.Asked)) })
	s.step("join", s.join)
	s.step("remaining-finalizers", func() {
		s.Log("finalizers", "running the remaining finalizers", "pass", "after-children")
		s.Finalize(true)
	})
	if len(s.remaining()) > 0 { // started by a finalizer of the last pass
		s.step("terminate", func() { s.terminate(true) })
	}
	s.step("flush", s.Flush)
}

func (s *Sequence) step(name string, run func()) {
	start := s.Clock.Now()
	run()
	s.Trace.add(name, 0, start, s.Clock.Now())
}

// terminate ends the daemons, or everybody, all at once.
func (s *Sequence) terminate(everybody bool) {
	done := make(chan struct{})
	n := 0
	for i, c := range s.remaining() {
		if !everybody && !c.Daemon() {
			continue
		}
		n++
		what := "child"
		if c.Daemon() {
			what = "daemon"
		}
		s.Log("terminate-"+what, "terminating "+what+" "+c.Name(), "child", c.Name(), "pid", c.PID())
		go func() {
			start := s.Clock.Now()
			s.end(c)
			s.Trace.add("terminate "+c.Name(), i+1, start, s.Clock.Now())
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
}

// end asks a child to end, and kills it when its time is over.
func (s *Sequence) end(c Child) {
	ask, wait := s.shares(c.Grace())
	if ask > 0 && !isClosed(s.Skip) {
		c.AskToEnd(ask)
		over, stop := s.Clock.After(wait)
		defer stop()
		select {
		case <-c.Done():
			return
		case <-over:
		case <-s.Skip:
		}
	}
	s.kill(c)
}

// shares returns how long a child may take to end, and how long to wait for
// that. Under a deadline of our own a child gets half of what is left: what it
// does not obey, and what comes after it, must fit into the other half.
func (s *Sequence) shares(grace time.Duration) (ask, wait time.Duration) {
	if grace < 0 {
		return 0, 0
	}
	ask, wait = grace, grace+Margin(grace)
	if deadline := s.Deadline(); !deadline.IsZero() {
		left := max(0, deadline.Sub(s.Clock.Now()))
		ask = min(ask, left/2)
		wait = min(wait, left*3/4)
	}
	return ask, wait
}

// Margin is how much longer than a deadline the killer waits, so that a child
// which keeps its deadline to the last moment is not killed for it.
func Margin(grace time.Duration) time.Duration {
	return min(max(grace/4, 50*time.Millisecond), time.Second)
}

// join waits for each child that is left: without end on an ordinary return.
// When the exit is asked for meanwhile, they are ended instead.
func (s *Sequence) join() {
	start := s.Clock.Now()
	children := s.remaining()
	for _, c := range children {
		s.Log("join", "joining "+c.Name(), "child", c.Name(), "pid", c.PID())
	}
	late, stop := s.Clock.After(waitingAfter)
	defer stop()
	ended := false // from here
	for i, c := range children {
		for waiting := !ended; waiting; {
			select {
			case <-c.Done():
				waiting = false
			case <-late:
				s.Waiting(names(children[i:]))
			case <-s.Asked:
				s.terminate(true)
				waiting, ended = false, true
			case <-s.Skip:
				s.kill(c)
				waiting = false
			}
		}
		s.Trace.add("join "+c.Name(), i+1, start, s.Clock.Now())
	}
}

func names(children []Child) []string {
	var list []string
	for _, c := range children {
		if !isClosed(c.Done()) {
			list = append(list, c.Name())
		}
	}
	return list
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
