package multiproc

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"multiproc/mplog"
)

// refill starts what is missing. What stands above Main can't yet: Main refills.
func (s *stock) refill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refillLocked()
}

func (s *stock) refillLocked() {
	for initialized.Load() && !s.closed && s.pause == nil && s.coming < atOnce && len(s.ready)+s.coming < s.want {
		s.coming++
		go s.keep()
	}
}

// keep starts a spare and sees to it until it is somebody's child or has ended.
func (s *stock) keep() {
	sp, err := s.start()
	if sp == nil {
		s.ended(false, err)
		return
	}
	wasReady := false
	sp.serve(func() {
		wasReady = true
		s.arrived(sp)
	})
	if isClosed(sp.taken) {
		return // as a child it is somebody else's to look after
	}
	idle := s.withdraw(sp)
	sp.dismiss()
	failure := sp.bury()
	if wasReady && !idle { // it was dismissed, or did not become a child
		failure = nil
	}
	s.ended(wasReady, failure)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(sp)
}

// start starts a spare, or none if this process is about to exit.
func (s *stock) start() (*spare, error) {
	started, err := mayStart(context.Background())
	if err != nil {
		return nil, nil //nolint:nilnil // that is no failure
	}
	defer started()
	sp, err := newSpare()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[sp] = struct{}{}
	if s.closed {
		sp.dismiss()
	}
	return sp, nil
}

// arrived notes that a spare is ready.
func (s *stock) arrived(sp *spare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coming--
	s.changed.Broadcast()
	if s.closed || len(s.ready) >= s.want {
		sp.dismiss()
		return
	}
	s.ready = append(s.ready, sp)
}

// withdraw makes sure that nobody takes a spare any more, and reports whether
// somebody could have.
func (s *stock) withdraw(sp *spare) (ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.ready, sp)
	if i >= 0 {
		s.ready = slices.Delete(s.ready, i, i+1)
	}
	return i >= 0
}

// ended notes that a spare has ended, or could not be started. If that was not
// our wish there is a pause, which grows until one is handed out: what broke it
// would break the next one too.
func (s *stock) ended(wasReady bool, err error) {
	s.mu.Lock()
	if !wasReady {
		s.coming--
		s.changed.Broadcast()
	}
	tell := false
	if err != nil && !s.closed && s.pause == nil {
		tell = !s.told && mplog.Enabled(mplog.LevelWarning)
		s.told = s.told || tell
		pause := 100 * time.Millisecond << min(s.failed, 8)
		pause += rand.N(pause / 4) // or all processes of a tree would try at once
		s.failed++
		s.pause = time.AfterFunc(pause, s.resume)
	}
	s.mu.Unlock()
	if tell {
		mplog.Logger().Warn("a spare failed: functions are started cold meanwhile",
			mplog.EventKey, "spare-failed", "error", err)
	}
	if err == nil && wasReady {
		s.refill()
	}
}

func (s *stock) resume() {
	s.mu.Lock()
	s.pause = nil
	s.mu.Unlock()
	s.refill()
}

// close lets all spares go; wait waits for that. Until open is called there are
// no others.
func (s *stock) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, t := range []*time.Timer{s.pause, s.quiet} {
		if t != nil {
			t.Stop()
		}
	}
	s.pause, s.ready = nil, nil
	for sp := range s.all {
		if !sp.held { // else it becomes a child, or who holds it dismisses it
			sp.dismiss()
		}
	}
}

// wait waits until no spare is left, but not for one that the kernel keeps alive.
func (s *stock) wait() {
	s.mu.Lock()
	over := false
	limit := time.AfterFunc(3*spareGrace, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		over = true
		s.changed.Broadcast()
	})
	for len(s.all)+s.coming > 0 && !over {
		s.changed.Wait()
	}
	s.mu.Unlock()
	limit.Stop()
	heredity.Close()
}

// kill ends all spares at once.
func (s *stock) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sp := range s.all {
		_ = sp.proc.KillGroup() // gone is as good
	}
}

// open lets there be spares again, from the next warm start on.
func (s *stock) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.failed, s.told = false, 0, false
}
