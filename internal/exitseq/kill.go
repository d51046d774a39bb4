package exitseq

import (
	"slices"
	"time"
)

// unkillable is how long a child that was killed may take to be gone: the
// kernel may hold it in a system call, or not let us kill what has more rights.
const unkillable = 5 * time.Second

// kill ends a child that has not ended yet.
func (s *Sequence) kill(c Child) {
	if isClosed(c.Done()) {
		return
	}
	s.Log("kill", "killing "+c.Name(), "child", c.Name(), "pid", c.PID())
	err := c.Kill()
	over, stop := s.Clock.After(unkillable)
	defer stop()
	select {
	case <-c.Done():
	case <-over:
		s.Log("kill-failed", "leaving "+c.Name()+" behind", "child", c.Name(), "pid", c.PID(), "error", err)
		s.Left(c.Name())
		s.left.Store(c, nil)
	}
}

// remaining returns the children that something can be done about.
func (s *Sequence) remaining() []Child {
	return slices.DeleteFunc(s.Children(), func(c Child) bool {
		_, left := s.left.Load(c)
		return left
	})
}
