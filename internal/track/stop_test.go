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
