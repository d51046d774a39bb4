package track

import (
	"maps"
	"slices"
	"time"
)

// An owner is a process of the tree, as the tracker knows it.
type owner struct {
	hello
	link    *link
	witness witness
	parent  *owner // who has started it, as far as the tracker knows

	// Under the server's mu.
	children map[uint64]child
	claims   map[claim]struct{} // what it has in the server's; nil for none
	line     int                // the write end that its children live by; -1 without
	short    bool               // of a descriptor that was to come
	doom     time.Time          // by when it and all it has started must be gone; zero: it may live

	cleaned map[claim]leftover // when it took its leave
}

// A child is a process that an owner has started.
type child struct {
	childNote
	armed int
}

// parentLocked finds who has started the process.
func (s *Server) parentLocked(pid int) *owner {
	for o := range s.owners {
		for _, c := range o.children {
			if c.pid == pid {
				return o
			}
		}
	}
	return nil
}

// adopt takes note of a child. An armed end that did not arrive, since the
// tracker has too many descriptors, is the owner's alone: it must be its line
// too then, so that its death kills the child, though without a grace.
func (s *Server) adopt(o *owner, note childNote, armed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if armed < 0 {
		o.short = true
		s.dropLineLocked(o)
		return
	}
	o.children[note.seq] = child{note, armed}
	for d := range s.owners { // it may have come in first
		if d.pid == note.pid && d.parent == nil && d != o {
			d.parent = o
		}
	}
	o.line = s.env.above(o.line, armed)
}

// share takes over a share in an owner's line, with the children that come
// along. The first write end is there for the way, see lineNote; the last one has
// the highest number. Where not all has arrived there is no share.
func (s *Server) share(o *owner, notes lineNote) {
	first := o.link.take()
	for _, note := range notes {
		s.adopt(o, note, o.link.take())
	}
	s.hold(o, o.link.take())
	if first >= 0 {
		s.env.close(first)
	}
}

// regrace notes the grace of a child that was nobody before.
func (s *Server) regrace(o *owner, note childNote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := o.children[note.seq]; ok {
		c.grace = note.grace
		o.children[note.seq] = c
	}
}

func (s *Server) hold(o *owner, fd int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLineLocked(o)
	o.line = fd
	for _, c := range o.children {
		o.line = s.env.above(o.line, c.armed)
	}
	if o.short = o.short || fd < 0; o.short {
		s.dropLineLocked(o)
	}
}

func (s *Server) dropLineLocked(o *owner) {
	if o.line >= 0 {
		s.env.close(o.line)
		o.line = -1
	}
}

func (s *Server) release(o *owner, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := o.children[seq]; ok {
		s.env.close(c.armed)
		delete(o.children, seq)
	}
}

// supersede forgets what an owner was under an earlier link that broke while
// it lived: it has told everything anew.
func (s *Server) supersede(o *owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old := range s.owners {
		if old != o && old.pid == o.pid && old.doom.IsZero() {
			o.noteCleaned(slices.Collect(maps.Values(old.cleaned)))
			for d := range s.owners {
				if d.parent == old {
					d.parent = o
				}
			}
			s.forgetLocked(old)
			old.witness.Close()
		}
	}
}

// forgetLocked lets go of everything that an owner had. What it had registered
// is not cleaned up.
func (s *Server) forgetLocked(o *owner) {
	for key := range o.claims {
		s.disownLocked(o, key)
	}
	s.dropLineLocked(o)
	for seq, c := range o.children {
		s.env.close(c.armed)
		delete(o.children, seq)
	}
	delete(s.owners, o)
	if s.root == o {
		s.root = nil
	}
	s.fewer.Broadcast()
}

// settle is for an owner that takes its leave. It is to hear what the owners
// that it has started left behind, and what it left itself. It is buried when it
// is dead; but the root waits for the tracker's end, so it is forgotten here,
// unless there are processes which depend on its life still.
func (s *Server) settle(o *owner) {
	s.mu.Lock()
	for len(s.belowLocked(o)) > 0 && s.knownLocked(o) {
		s.fewer.Wait()
	}
	s.mu.Unlock()
	s.cleanUp(o, true)
	s.mu.Lock()
	depend := len(o.children)
	if o.root && depend == 0 {
		s.forgetLocked(o)
	}
	s.mu.Unlock()
	o.link.send(kindParted, encodeID(uint64(depend)))
	o.link.finish()
}

func (s *Server) known(o *owner) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knownLocked(o)
}

func (s *Server) knownLocked(o *owner) bool {
	_, ok := s.owners[o]
	return ok
}
