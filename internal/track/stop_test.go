//go:build unix

package track

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"multiproc/internal/wire"
)

// What is registered while Stop is at work is known to a tracker afterwards.
func TestRegisterDuringStop(t *testing.T) {
	t.Parallel()
	leaving, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	var after []string
	stopped := false
	s := newStage(t, func(l *link) {
		serve(l, func(f wire.Frame) {
			switch f.Kind {
			case kindBye:
				once.Do(func() { close(leaving); <-release })
				mu.Lock()
				stopped = true
				mu.Unlock()
			case kindRegister:
				mu.Lock()
				if r, err := decodeRegistration(f.Payload); err == nil && stopped {
					after = append(after, r.data)
				}
				mu.Unlock()
			}
		})
	})
	if err := s.enroll("a"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	go func() { done <- s.stop(context.Background(), false) }()
	<-leaving
	go func() { done <- s.stop(context.Background(), false) }() // the second may not take what comes after the first
	go func() { done <- s.enroll("b") }()
	time.AfterFunc(20*time.Millisecond, func() { close(release) })
	for range 3 {
		if err := s.soon("one of three", func() error { return <-done }); err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(after, "b") {
		t.Errorf("known after Stop: %q", after)
	}
}

// A tracker that dies while somebody leaves it has a successor, who is told
// what there is to clean up.
func TestTrackerDiesAtTheFarewell(t *testing.T) {
	t.Parallel()
	for when, answers := range map[string]bool{"unheard": false, "answered": true} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			byes, told := 0, map[int][]string{} // by how many had been said
			var s *stage
			s = newStage(t, func(l *link) {
				welcome(l)
				for {
					f, err := l.receive()
					if err != nil {
						return
					}
					mu.Lock()
					if r, err := decodeRegistration(f.Payload); err == nil && f.Kind == kindRegister {
						told[byes] = append(told[byes], r.data)
					}
					bye := f.Kind == kindBye
					if bye {
						byes++
					}
					first := bye && byes == 1
					mu.Unlock()
					if !first {
						answer(l, f)
					} else if id, err := decodeID(f.Payload); err == nil && answers {
						l.send(kindAck, encodeAck(id, ""))
					}
					if first {
						go func() { _ = s.actor(0).Kill() }() // which waits for us
					}
					if bye {
						return
					}
				}
			})
			for _, name := range []string{"a", "b"} {
				if err := s.enroll(name); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.soon("Stop", func() error { return s.stop(context.Background(), false) }); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got := slices.Sorted(slices.Values(told[1])); byes != 2 || !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("%d farewells, the successor was told of %q", byes, got)
			}
		})
	}
}

// A root is told when the tracker does not forget it for its children. If they have
// ended by then it says farewell once more: the tracker would not end before it.
func TestKeptForChildrenThatHaveEnded(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	byes := 0
	s := newStage(t, func(l *link) {
		welcome(l)
		for {
			f, err := l.receive()
			if err != nil {
				return
			}
			if f.Kind != kindBye {
				answer(l, f)
				continue
			}
			mu.Lock()
			byes++
			depend := max(0, 2-byes)
			mu.Unlock()
			if id, err := decodeID(f.Payload); err == nil {
				l.send(kindAck, encodeAck(id, ""))
			}
			l.send(kindParted, encodeID(uint64(depend)))
			l.finish()
			return
		}
	})
	if err := s.enroll("a"); err != nil {
		t.Fatal(err)
	}
	err := s.soon("Stop", func() error { return s.stop(context.Background(), false) })
	mu.Lock()
	defer mu.Unlock()
	if err != nil || byes != 2 {
		t.Errorf("%v after %d farewells", err, byes)
	}
}

// A tracker whose link to the root broke knows it still, and is told farewell.
func TestFarewellAfterABrokenLink(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	byes := 0
	s := newStage(t, func(l *link) {
		welcome(l)
		for {
			f, err := l.receive()
			if err != nil {
				return
			}
			answer(l, f)
			mu.Lock()
			if f.Kind == kindBye {
				byes++
			}
			mu.Unlock()
			if f.Kind == kindBye || f.Kind == kindUnregister {
				l.finish()
				return
			}
		}
	})
	if err := errors.Join(s.enroll("a"), s.unregister(key("a"))); err != nil {
		t.Fatal(err)
	}
	err := s.soon("Stop", func() error { return s.stop(context.Background(), false) })
	mu.Lock()
	defer mu.Unlock()
	if err != nil || byes != 1 {
		t.Errorf("%v after %d farewells", err, byes)
	}
}

// Stop keeps to its time while a tracker is being started, and does not say that
// all is well where there is nobody to clean up.
func TestStopWithoutTracker(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) { _, _ = l.receive(); _, _ = l.receive() })
	go func() { _ = s.enroll("a") }()
	for dialing := false; !dialing; time.Sleep(time.Millisecond) {
		s.client.mu.Lock()
		dialing = s.dialing != nil
		s.client.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.soon("Stop", func() error { return s.stop(ctx, false) }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	s.mu.Lock()
	s.refuse = errTest
	actors := slices.Clone(s.actors)
	s.mu.Unlock()
	for _, a := range actors {
		_ = a.Kill()
	}

	r := newStage(t, nil)
	r.refuse = errTest
	r.claims[key("a")] = &holding{known: true}
	if err := r.soon("Stop", func() error { return r.stop(context.Background(), false) }); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Stop with nobody to clean up: %v", err)
	}
}

// Children that are being started keep the tracker, and Stop does not wait for
// their end.
func TestStopWithChildren(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(l *link) { serve(l, nil) })
	if err := s.enroll("a"); err != nil {
		t.Fatal(err)
	}
	s.client.mu.Lock()
	s.kids[0] = &Child{c: s.client, armed: null(t)}
	s.client.mu.Unlock()
	if err := s.soon("Stop", func() error { return s.stop(context.Background(), false) }); err == nil {
		t.Error("it says that nothing is left")
	}
	if err := s.soon("Register", func() error { return s.enroll("b") }); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.actors); n != 1 {
		t.Errorf("%d trackers", n)
	}
}
