package multiproc

import (
	"testing"
	"testing/synctest"
	"time"
)

// How long an exit waits for a flush that does not end: until it is asked for,
// and then for half of the limit before the others are tried, and half after.
func TestFlushWithin(t *testing.T) {
	const limit, asked = 2 * time.Second, time.Hour
	for _, c := range []struct {
		name        string
		skip        bool
		left        time.Duration // to a deadline
		tried, over time.Duration // after it is asked
	}{
		{"signal", false, 0, limit / 2, limit},
		{"second signal", true, 0, 0, flushSkip},
		{"deadline", false, time.Second, 250 * time.Millisecond, 500 * time.Millisecond},
		{"second signal near the deadline", true, 40 * time.Millisecond, 0, 10 * time.Millisecond},
		{"far deadline", false, time.Hour, limit / 2, limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wish := newStop(func(error) {}, func() {})
				start := time.Now()
				time.AfterFunc(asked, func() {
					if c.left != 0 {
						wish.deadline = time.Now().Add(c.left)
					}
					if c.skip {
						close(wish.skip)
					}
					close(wish.wanted)
				})
				var tried time.Duration
				ended := make(chan struct{})
				gaveUp := !flushWithin(func(hurry <-chan struct{}) {
					<-hurry
					tried = time.Since(start)
					<-ended
				}, wish, limit)
				over := time.Since(start)
				close(ended)
				synctest.Wait()
				if !gaveUp || over != asked+c.over {
					t.Errorf("over after %v (%v), want %v", over, gaveUp, asked+c.over)
				}
				if tried != asked+c.tried {
					t.Errorf("others tried after %v, want %v", tried, asked+c.tried)
				}
			})
		})
	}
}

// One that ends is waited for, whatever it takes.
func TestFlushWithinEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		slow := func(<-chan struct{}) { time.Sleep(24 * time.Hour) }
		if !flushWithin(slow, newStop(func(error) {}, func() {}), time.Second) || time.Since(start) != 24*time.Hour {
			t.Errorf("given up after %v", time.Since(start))
		}
	})
}
