//go:build unix

package line

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// freeze returns a line whose worker stops dead, in the middle of what it does,
// when it has come to stop; the rest of it never runs.
func freeze(t *testing.T, args []string, stop func(w *Worker, number int) bool) *Line {
	t.Helper()
	l, w := pairOf(t, Settings{Run: echo})
	w.results.armed = true // no timer: nothing happens by itself here
	for _, a := range args {
		l.Put([]byte(a), time.Time{})
	}
	for l.sent < l.tail { // what the worker would read in the meantime
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
		if l.sent < l.tail {
			t.Fatal("the socket is too small for this test")
		}
	}
	if err := w.more(); err != nil {
		t.Fatal(err)
	}
	for number := 0; ; number++ {
		_, payload, ok := w.in.next()
		if !ok {
			break
		}
		if stop(w, number) {
			break
		}
		if err := w.task(t.Context(), payload, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	w.s.(*descriptors).files[0].Close() // as the kernel does
	l.Died()
	return l
}

func salvage(l *Line) (outcomes []string) {
	for o, ok := l.Salvage(); ok; o, ok = l.Salvage() {
		outcomes = append(outcomes, string(o.Payload))
	}
	return outcomes
}

// At each moment of a worker's life its death leaves all outcomes that it had,
// once each, and the knowledge whether the next task had begun.
func TestDeathAtEachMoment(t *testing.T) {
	t.Parallel()
	const n, at = 10, 6
	var args []string
	for i := range n {
		args = append(args, fmt.Sprint("task ", i))
	}
	for name, c := range map[string]struct {
		stop func(w *Worker)
		lost bool
	}{
		"between tasks":     {func(*Worker) {}, false},
		"begun":             {func(w *Worker) { w.begin(t.Context(), time.Time{}) }, true},
		"after a flush":     {func(w *Worker) { w.results.flush() }, false},
		"in the flush":      {func(w *Worker) { w.s.write(w.results.page.outbox[:w.results.filled/2]) }, false},
		"flushed, not told": {func(w *Worker) { w.s.write(w.results.page.outbox[:w.results.filled]) }, false},
		"outcome half written": {func(w *Worker) {
			w.begin(t.Context(), time.Time{})
			o := &w.results
			copy(o.page.outbox[o.filled:], appendHead(nil, byte(Result), 6))
		}, true},
		"large outcome half sent": {func(w *Worker) {
			w.begin(t.Context(), time.Time{})
			w.results.flush()
			w.s.write(append(appendHead(nil, byte(Result), 1000), "half"...))
		}, true},
		"mid-flush and begun": {func(w *Worker) {
			w.s.write(w.results.page.outbox[:w.results.filled/2])
			w.begin(t.Context(), time.Time{})
		}, true},
	} {
		for _, read := range []int{0, 3} { // outcomes that the pool has taken before
			t.Run(fmt.Sprint(name, ", ", read, " read"), func(t *testing.T) {
				l := freeze(t, args, func(w *Worker, number int) bool {
					if number == read && read > 0 {
						w.results.flush()
					}
					if number == at {
						c.stop(w)
					}
					return number == at
				})
				defer l.Close()
				var got []string
				for range read {
					o, err := l.Next()
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(o.Payload))
				}
				got = append(got, salvage(l)...)
				if fmt.Sprint(got) != fmt.Sprint(args[:at]) {
					t.Errorf("outcomes %q", got)
				}
				if l.Lost() != c.lost || l.InFlight() != n-at {
					t.Errorf("lost %v, %d in flight", l.Lost(), l.InFlight())
				}
			})
		}
	}
}

// A page that holds nonsense harms nobody.
func TestNonsense(t *testing.T) {
	t.Parallel()
	l := freeze(t, []string{"a", "b"}, func(*Worker, int) bool { return true })
	defer l.Close()
	l.page.words[wordFilled].Store(1 << 40)
	copy(l.page.outbox, bytes.Repeat([]byte{0xff}, 100))
	if got := salvage(l); got != nil {
		t.Errorf("%q", got)
	}
	for _, where := range [][]byte{nil, {1}, bytes.Repeat([]byte{0xff}, 8), {0, 0, 0x40, 0, 1, 0, 0, 0}} {
		if data, err := l.outcomes.at(where); err == nil {
			t.Errorf("%x is at %d bytes", where, len(data))
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 2, 1, 0, 0, 0, 9}, 3)
	f.Add(bytes.Repeat([]byte{0xff}, 20), 1)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		step = max(1, min(step, 100))
		var whole [][]byte
		for rest := data; ; {
			_, payload, more, _, ok := cutFrame(rest)
			if !ok {
				break
			}
			whole, rest = append(whole, payload), more
		}
		var r reader
		for len(data) > 0 {
			n := copy(r.room(), data[:min(step, len(data))])
			r.took(n)
			data = data[n:]
			for _, payload, ok := r.next(); ok; _, payload, ok = r.next() {
				if len(whole) == 0 || !bytes.Equal(whole[0], payload) {
					t.Fatalf("%q is not the next frame", payload)
				}
				whole = whole[1:]
			}
			if len(r.buf) > 1<<20 {
				t.Fatalf("%d bytes for nothing", len(r.buf))
			}
		}
		if len(whole) > 0 {
			t.Fatalf("%d frames are missing", len(whole))
		}
	})
}
