package mplog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sink delivers into a list, and stands still while it is held.
type sink struct {
	held   sync.Mutex
	result outcome

	mu  sync.Mutex
	got []string
}

func (s *sink) deliver(it item) outcome {
	s.held.Lock()
	defer s.held.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if it.dropped > 0 {
		s.got = append(s.got, fmt.Sprintf("dropped:%d", it.dropped))
	} else {
		s.got = append(s.got, string(it.record))
	}
	return s.result
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.got, " ")
}

func text(s string) item { return item{record: []byte(s)} }

func TestQueueKeepsOrderAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays
		var q queue
		var s sink
		q.attach(s.deliver)
		for round := range 3 {
			q.put(text(fmt.Sprint(round, "a")))
			q.put(text(fmt.Sprint(round, "b")))
			q.flush(t.Context())
		}
		if got, want := s.String(), "0a 0b 1a 1b 2a 2b"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if q.done != nil || q.records != 0 || q.bytes != 0 {
			t.Errorf("not idle: %d records, %d bytes", q.records, q.bytes)
		}
	})
}

// The counts stand where the records would have been.
func TestQueueFullDropsNewestAndCounts(t *testing.T) {
	var q queue
	var s sink
	q.attach(s.deliver)
	s.held.Lock()
	for range maxRecords {
		q.put(text("x"))
	}
	q.put(text("no"))
	q.put(text("no"))
	s.held.Unlock()
	q.flush(t.Context())
	q.put(text("y"))
	q.flush(t.Context())
	want := strings.Repeat("x ", maxRecords) + "dropped:2 y"
	if got := s.String(); got != want {
		t.Errorf("got …%q", got[max(0, len(got)-40):])
	}
}

func TestQueueBoundsBytes(t *testing.T) {
	var q queue
	var s sink
	q.attach(s.deliver)
	s.held.Lock()
	q.put(item{record: make([]byte, maxBytes+1)})
	q.put(item{record: make([]byte, maxBytes-1)})
	q.put(text("xx"))
	q.put(text("y"))
	q.put(text("z"))
	q.mu.Lock()
	if q.bytes != maxBytes {
		t.Errorf("%d bytes held", q.bytes)
	}
	q.mu.Unlock()
	s.held.Unlock()
	q.flush(t.Context())
	got := strings.ReplaceAll(s.String(), "\x00", "")
	if want := "dropped:1  dropped:1 y dropped:1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestQueueEndedIsSilent(t *testing.T) {
	var q queue
	s := sink{result: ended}
	q.put(text("before attach"))
	q.attach(s.deliver)
	s.held.Lock()
	q.put(text("a"))
	q.put(text("b"))
	s.held.Unlock()
	q.flush(t.Context())
	q.put(text("c"))
	q.flush(t.Context())
	if got := s.String(); got != "a" {
		t.Errorf("got %q", got)
	}
	q.attach(func(item) outcome { return delivered })
	q.put(text("d"))
	q.flush(t.Context())
	if q.records != 0 || q.bytes != 0 || q.unsaid != 0 {
		t.Errorf("left %d records, %d bytes, %d unsaid", q.records, q.bytes, q.unsaid)
	}
}

// A new receiver must not pay for the end of the old one.
func TestQueueAttachWhileTheOldOneEnds(t *testing.T) {
	var q queue
	old, next := sink{result: ended}, sink{}
	entered := make(chan struct{})
	q.attach(func(it item) outcome {
		close(entered)
		return old.deliver(it)
	})
	old.held.Lock()
	q.put(text("a"))
	wait(t, entered, "delivery")
	q.put(text("b"))
	q.attach(next.deliver)
	old.held.Unlock()
	q.flush(t.Context())
	if old.String() != "a" || next.String() != "b" {
		t.Errorf("old got %q, next got %q", old.String(), next.String())
	}
}

func TestQueueCountsLost(t *testing.T) {
	var q queue
	var got []string
	q.attach(func(it item) outcome {
		got = append(got, fmt.Sprint(string(it.record), it.dropped))
		return lost
	})
	q.put(text("a"))
	q.flush(t.Context())
	if want := "[a0 1]"; fmt.Sprint(got) != want { // and no count of the lost count
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQueueFlushIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		var got []string
		release := make(chan struct{})
		q.attach(func(it item) outcome {
			<-release
			got = append(got, fmt.Sprint(string(it.record), it.dropped))
			return delivered
		})
		q.put(text("a"))
		q.put(text("b"))
		q.put(text("c"))
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		q.flush(ctx)
		if d := time.Since(begin); d != time.Second {
			t.Errorf("flush took %v", d)
		}
		close(release)
		q.flush(t.Context())
		q.put(text("d"))
		q.flush(t.Context())
		if want := "[a0 2 d0]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestQueueFromManyGoroutines(t *testing.T) {
	var q queue
	delivering, total := 0, 0 // unguarded: the race detector looks after them
	q.attach(func(it item) outcome {
		delivering++
		total += max(it.dropped, 1)
		delivering--
		return delivered
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				q.put(text("x"))
			}
		})
	}
	wg.Wait()
	q.flush(t.Context())
	if total != 16_000 || delivering != 0 {
		t.Errorf("%d of 16000 accounted for", total)
	}
}
