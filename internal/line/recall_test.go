package line

import (
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

// What is taken back never begins, and is not heard of; the rest goes on.
func TestRecall(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: patientEcho}, func(t *testing.T, l *Line) {
		for range 3 {
			before := l.Begun()
			put := func(tasks ...string) {
				for _, task := range tasks {
					l.Put([]byte(task), time.Time{})
				}
				if err := l.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			put("first", "wait", "a", "b", "c")
			if o := next(t, l); string(o.Payload) != "first" {
				t.Fatalf("%d %q", o.Kind, o.Payload)
			}
			for l.Begun() == before+1 {
				runtime.Gosched()
			}
			if n := l.Recall(); n != 3 {
				t.Errorf("%d were taken back, of three that had not begun", n)
			}
			if n := l.Recall(); n != 0 {
				t.Errorf("%d were taken back twice", n)
			}
			l.Cancel()
			put("later")
			for _, want := range []Outcome{{Failure, []byte("context canceled")}, {Result, []byte("later")}} {
				if o := next(t, l); o.Kind != want.Kind || string(o.Payload) != string(want.Payload) {
					t.Errorf("%d %q, want %d %q", o.Kind, o.Payload, want.Kind, want.Payload)
				}
			}
			if _, err := l.Next(); !errors.Is(err, io.ErrNoProgress) {
				t.Errorf("after the last one: %v", err)
			}
			if begun := l.Begun() - before; begun != 6 || l.Lost() {
				t.Errorf("%d have begun, one lost: %v", begun, l.Lost())
			}
		}
	})
}

// What was not sent at all is taken back without the worker, and half of what is
// large is not sent for nothing. No bulk has room for that.
func TestRecallOfWhatIsHalfSent(t *testing.T) {
	t.Parallel()
	l, w := pairOf(t, Settings{Run: patientEcho})
	serve(t, l, w, func(t *testing.T, l *Line) {
		put := func(size int) {
			l.Put(make([]byte, size), time.Time{})
			if err := l.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ size, tasks, back int }{{20 << 10, 100, 100}, {4<<20 + 1, 3, 2}} {
			before := l.Begun()
			l.Put([]byte("wait"), time.Time{})
			for range c.tasks {
				put(c.size)
			}
			for l.Begun() == before {
				runtime.Gosched()
			}
			if n := l.Recall(); n != c.back {
				t.Errorf("%d of %d tasks of %d bytes were taken back, want %d", n, c.tasks, c.size, c.back)
			}
			if unsent := len(l.out) - l.at; c.back == c.tasks && unsent > c.size {
				t.Errorf("%d bytes are to be sent for nothing", unsent)
			}
			l.Cancel()
			for range 1 + c.tasks - c.back {
				next(t, l)
			}
			put(1)
			if o := next(t, l); o.Kind != Result {
				t.Errorf("kind %d", o.Kind)
			}
		}
	})
}

// At whatever moment that is: a task is taken back, or it begins. The worker here
// does nothing else, so that the two meet often.
func TestRecallAtEachMoment(t *testing.T) {
	t.Parallel()
	const tasks = 200_000
	l := newLine(nil, privatePage())
	var began [tasks + 1]bool
	var work sync.WaitGroup
	work.Go(func() {
		for task := uint64(1); task <= tasks; {
			if task > l.put.Load() {
				runtime.Gosched()
				continue
			}
			began[task] = l.page.claim(task)
			l.got.Add(1)
			task++
		}
	})
	var back [tasks + 1]bool
	for put := uint64(0); put < tasks; {
		put = l.put.Add(min(1+rand.Uint64N(3), tasks-put))
		for l.Recalling() { // or nothing could be taken back
			runtime.Gosched()
		}
		for range rand.IntN(30) {
			_ = l.got.Load()
		}
		for n := l.Recall(); n > 0; n-- {
			back[put-uint64(n)+1] = true
		}
	}
	work.Wait()
	count := 0
	for task := range tasks {
		if back[task+1] {
			count++
		}
		if back[task+1] == began[task+1] {
			t.Fatalf("task %d: taken back %v, began %v", task+1, back[task+1], began[task+1])
		}
	}
	t.Logf("%d of %d were taken back", count, tasks)
}
