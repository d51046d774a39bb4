package track

import (
	"syscall"
	"time"
)

// bury sees to what a dead owner has left: its children first, for they may
// still use what it has registered.
func (s *Server) bury(o *owner) {
	if !s.known(o) { // it has taken its leave, or came back under another link
		return
	}
	s.endChildren(o)
	s.cleanUp(o, false)
	s.cleanAgain(o)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(o)
}

// endChildren has a dead owner's children gone when it returns.
func (s *Server) endChildren(o *owner) {
	start := s.env.now()
	limit := s.condemn(o, start)
	s.ask(o, false)
	asked := false
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		grace, some := s.left(o)
		if !some {
			break
		}
		// Who has left in time, as spares do, no longer gives time to the others.
		if sooner := start.Add(grace + margin(grace)); sooner.Before(limit) {
			limit = sooner
		}
		now := s.env.now()
		if !now.Before(limit) {
			break
		}
		if half := start.Add(limit.Sub(start) / 2); !asked && now.After(half) {
			asked = true
			s.askBelow(o)
		}
		<-s.env.after(min(pause, limit.Sub(now)))
	}
	s.cut(o)
	const dying = 2 * time.Second // in a system call, as long as that takes
	limit = s.env.now().Add(dying)
	for s.anyLeft(o) && s.env.now().Before(limit) {
		<-s.env.after(time.Millisecond)
	}
}

func (s *Server) anyLeft(o *owner) bool {
	_, some := s.left(o)
	return some
}

// condemn decides by when everything that a dead owner has started must be
// gone, and binds its descendants to that.
func (s *Server) condemn(o *owner, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var grace time.Duration
	for _, c := range o.children {
		grace = max(grace, c.grace)
	}
	limit := now.Add(grace + margin(grace))
	if !o.doom.IsZero() && o.doom.Before(limit) {
		limit = o.doom
	}
	o.doom = limit // and it is dead, whoever comes under its number
	for _, d := range s.belowLocked(o) {
		if d.doom.IsZero() || limit.Before(d.doom) {
			d.doom = limit
		}
	}
	return limit
}

// margin is how much longer than its grace a child may take, so that one that
// uses it to the last moment is not killed for it.
func margin(grace time.Duration) time.Duration {
	return min(max(grace/8, 50*time.Millisecond), 500*time.Millisecond)
}

// belowLocked returns the owners that descend from o.
func (s *Server) belowLocked(o *owner) []*owner {
	if o == s.root { // all descend from it, also one that ended before it had told of it
		var all []*owner
		for d := range s.owners {
			if d != o && d.pid != o.pid {
				all = append(all, d)
			}
		}
		return all
	}
	childless := true
	for d := range s.owners {
		childless = childless && d.parent != o
	}
	if childless { // as most are
		return nil
	}
	below := map[*owner][]*owner{}
	for d := range s.owners {
		if d.parent != nil && d != o {
			below[d.parent] = append(below[d.parent], d)
		}
	}
	var list []*owner
	for next := []*owner{o}; len(next) > 0; next = next[1:] {
		list = append(list, below[next[0]]...)
		next = append(next, below[next[0]]...)
		delete(below, next[0]) // each but once
	}
	return list
}

// ask sends SIGTERM to an owner's programs; to functions only if all is set,
// for they have heard of its death by themselves.
func (s *Server) ask(o *owner, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range o.children {
		if c.command || all {
			_ = s.env.signal(c.armed, syscall.SIGTERM) // gone is as good
		}
	}
}

// askBelow asks the descendants whose parents have not come to that: they are
// stuck, and will be killed.
func (s *Server) askBelow(o *owner) {
	s.mu.Lock()
	below := s.belowLocked(o)
	s.mu.Unlock()
	for _, d := range below {
		s.ask(d, true)
	}
}

// left tells of an owner's children that run, and of the longest grace among them.
func (s *Server) left(o *owner) (grace time.Duration, some bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range o.children {
		if s.env.runs(c.armed) {
			grace, some = max(grace, c.grace), true
		}
	}
	return grace, some
}

// cut closes the line of a dead owner, upon which the kernel kills its
// children; and those of its descendants, which each holds itself until it is
// killed.
func (s *Server) cut(o *owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range append(s.belowLocked(o), o) {
		s.dropLineLocked(d)
	}
}
