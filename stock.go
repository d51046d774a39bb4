package multiproc

import (
	"slices"
	"sync"
	"time"
)

// A stock is the spares of this process.
type stock struct {
	mu      sync.Mutex
	changed sync.Cond           // all or coming became less
	want    int                 // how many
	set     bool                // want has been decided
	closed  bool                // no more, until it is opened
	ready   []*spare            // the one that slept longest first
	coming  int                 // being started, and not ready yet
	all     map[*spare]struct{} // that are nobody's child, those that leave too
	patient bool                // a start waits for one that is coming: for tests
	quiet   *time.Timer         // runs out a while after one was given
	failed  int                 // times in a row
	told    bool                // that they do, to somebody who listened
	pause   *time.Timer         // until it is tried again; nil if it may be now
}

var spares = newStock()

func newStock() *stock {
	s := &stock{all: make(map[*spare]struct{})}
	s.changed.L = &s.mu
	return s
}

// SetSpares keeps n processes ready for Warm starts from now on, or none if n is
// not positive; see MainOptions.Spares. It may be called at any time, and
// returns at once: spares are started in the background, a few at a time, and a
// Warm start that finds none ready is a cold one. Each costs the memory of an
// idle process, no processor time, and three descriptors here.
//
// The stock is this process's own: a child has none unless its function calls
// this. What stands above Main, and Preload, run in children and in spares too:
// there it does nothing, or spares would have spares without end.
func SetSpares(n int) {
	if IsChild() && !birth.grown.Load() {
		return
	}
	s := spares
	s.mu.Lock()
	s.want, s.set = max(0, n), true
	surplus := max(0, len(s.ready)-s.want)
	dismissAll(s.ready[:surplus])
	s.ready = slices.Delete(s.ready, 0, surplus)
	s.mu.Unlock()
	s.refill()
}

func dismissAll(list []*spare) {
	for _, sp := range list {
		sp.dismiss()
	}
}

const (
	smallStock = 2
	atOnce     = 4 // that are coming
)

// begin reports whether there is a stock. How large it is, is decided at the
// first warm start, if it was not before.
func (s *stock) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.set && !IsChild() {
		s.set = true
		if mainOptions.Load().Spares == 0 {
			s.want = smallStock
		}
	}
	return s.want > 0 && !s.closed
}

// take returns a spare that has what a child would have, if one is ready. Those
// that have something else are let go.
func (s *stock) take(now *legacy) *spare {
	s.mu.Lock()
	if s.patient {
		s.awaitLocked()
	}
	var found *spare
	for len(s.ready) > 0 && found == nil {
		last := len(s.ready) - 1
		sp := s.ready[last] // which slept least
		s.ready = s.ready[:last]
		if sp.born.equal(now) {
			found, sp.held = sp, true
		} else {
			sp.dismiss()
		}
	}
	s.mu.Unlock()
	if found == nil {
		s.refill()
	}
	return found
}

// given forgets a spare that is a child now. Others take the place of those that
// were given once there is a pause in that, or they run short: starting them would
// slow the children down that begin.
func (s *stock) given(sp *spare) {
	const quiet = 20 * time.Millisecond
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed, s.told = 0, false
	s.forgetLocked(sp)
	if s.quiet == nil {
		s.quiet = time.AfterFunc(quiet, s.refill)
	} else {
		s.quiet.Reset(quiet)
	}
}

// spent is told that a child has ended that was a spare.
func (s *stock) spent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready)+s.coming < s.want-s.want/2 {
		s.refillLocked()
	}
}

func (s *stock) forgetLocked(sp *spare) {
	delete(s.all, sp)
	s.changed.Broadcast()
}

// awaitLocked waits for a spare that is coming, if none is ready.
func (s *stock) awaitLocked() {
	s.refillLocked()
	for len(s.ready) == 0 && s.coming > 0 {
		s.changed.Wait()
	}
}
