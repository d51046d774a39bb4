//go:build unix

package track

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A link that breaks before the one who made it is done is made again: until
// then nobody else could.
func TestLinkBreaksAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) { serve(l, nil) })
	l, other := pair(t)
	other.close()
	s.client.mu.Lock()
	s.dialing, s.link = make(chan struct{}), l
	_, done := s.awaitLocked()
	s.client.mu.Unlock()
	s.listen(l, sys.NewForeign(0, -1))
	s.dialed(nil)
	if err := s.soon("the next link", func() error { return <-done }); err != nil {
		t.Error(err)
	}
}

// One that breaks again and again is not made as fast as that goes.
func TestBrokenLinksTakeTime(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	s := newStage(t, func(l *link) { n.Add(1); welcome(l) })
	go func() { _ = s.enroll("a") }()
	time.Sleep(300 * time.Millisecond)
	if n := n.Load(); n < 2 || n > 10 {
		t.Errorf("%d links in 300 ms", n)
	}
	s.client.mu.Lock() // let go of the one who waits
	s.resolveLocked(s.seq+1, true, errTest)
	s.client.mu.Unlock()
}

// Who is told of a leak may register something, and is told before Stop is over.
func TestToldComesBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) {
		serve(l, func(f wire.Frame) {
			if r, err := decodeRegistration(f.Payload); err == nil && f.Kind == kindRegister && r.data == "a" || f.Kind == kindBye {
				l.send(kindReport, Report{Kind: "k"}.encode())
			}
		})
	})
	var told atomic.Int32
	over := false
	t.Cleanup(func() { _ = s.outlet.wait(context.Background()) })
	s.report = func(Report) {
		s.mu.Lock()
		ignore := over
		s.mu.Unlock()
		if ignore {
			return
		}
		if err := s.enroll("from the log"); err != nil {
			t.Error(err)
		}
		told.Add(1)
	}
	if err := s.soon("Register", func() error { return errors.Join(s.enroll("a"), s.enroll("b")) }); err != nil {
		t.Fatal(err)
	}
	if err := s.soon("Stop", func() error { return s.stop(context.Background(), false) }); err != nil {
		t.Error(err)
	}
	if n := told.Load(); n < 2 {
		t.Errorf("told %d times", n)
	}
	s.mu.Lock()
	over = true
	s.mu.Unlock()
}

// A failed Register leaves what another one has achieved.
func TestRegisterFails(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) { serve(l, nil) })
	s.refuse = errTest
	h := &holding{known: true}
	s.claims[key("known")] = h
	var all sync.WaitGroup
	for _, name := range []string{"new", "new", "new", "known"} {
		all.Go(func() {
			if err := s.enroll(name); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if len(s.claims) != 1 || s.claims[key("known")] != h || h.pending != 0 {
		t.Errorf("%v", s.claims)
	}
}

// What a tracker has known is told to the next one, though that could not be
// started at first and nobody asks.
func TestRetry(t *testing.T) {
	t.Parallel()
	told := make(chan string, 9)
	s := newStage(t, func(l *link) {
		serve(l, func(f wire.Frame) {
			if r, err := decodeRegistration(f.Payload); err == nil && f.Kind == kindRegister {
				told <- r.data
			}
		})
	})
	s.refuse = errTest
	s.claims[key("a")] = &holding{known: true}
	s.client.mu.Lock()
	s.dialLocked()
	dialing := s.dialing
	s.client.mu.Unlock()
	<-dialing
	s.mu.Lock()
	s.refuse = nil
	s.mu.Unlock()
	if err := s.soon("the next try", func() error { <-told; return nil }); err != nil {
		t.Error(err)
	}
}

// A tracker to which there is no link may know of a resource still.
func TestUnregisterWithoutLink(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	s := newStage(t, func(l *link) { n.Add(1); serve(l, nil) })
	s.claims[key("a")] = &holding{known: true}
	if err := s.soon("Unregister", func() error { return s.unregister(key("a")) }); err != nil {
		t.Fatal(err)
	}
	if n.Load() != 1 {
		t.Error("the tracker was not told")
	}
}

// The line of a child that could not be tied is not the next one's: the tracker
// has not got it.
func TestLineOfTheUntied(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	if _, err := s.follow(1<<30, true, true, 0); err == nil {
		t.Fatal("a process that does not exist was tied")
	}
	if s.line != noLine {
		t.Errorf("%v", s.line)
	}
}

// What a child is to inherit stays what it was, though the root leaves meanwhile.
func TestDoorIsACopy(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) { serve(l, nil) })
	fd := s.copyDoor()
	if err := s.stop(context.Background(), false); err != nil {
		t.Error(err)
	}
	if fd < 0 || !sys.IsOpen(fd) {
		t.Fatalf("descriptor %d is closed", fd)
	}
	_ = sys.Close(fd)
}
