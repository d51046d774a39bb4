package model

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"multiproc/internal/crew"
	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// A yard is a crew of numbers, and what must be true of it. Nothing happens in it
// but by the commands of the test: hands only take notes.
type yard struct {
	t *rapid.T
	c *crew.Crew[int]

	size     int
	starts   atomic.Int32    // asked for, and neither started nor failed
	next     int             // worker
	alive    map[int]bool    // and not retiring
	retiring map[int]bool    // alive
	leased   map[int]bool    // by us, dead or alive
	corpses  map[int]bool    // dead and leased
	gone     map[int]bool    // disposed of
	waiters  map[int]*waiter // in their order
	number   int             // of the last waiter
	closed   bool
}

type waiter struct {
	cancel context.CancelFunc
	got    chan result
}

type result struct {
	w   int
	err error
}

func newYard(t *rapid.T) *yard {
	y := &yard{
		t: t, size: rapid.IntRange(1, 4).Draw(t, "size"),
		alive: map[int]bool{}, retiring: map[int]bool{}, leased: map[int]bool{}, corpses: map[int]bool{},
		gone: map[int]bool{}, waiters: map[int]*waiter{},
	}
	y.c = crew.New(crew.Hands[int]{
		Start: func() { y.starts.Add(1) }, // maybe by who waits
		Retire: func(w int) {
			if !y.alive[w] || y.leased[w] {
				y.t.Fatalf("worker %d is let go, alive %v, leased %v", w, y.alive[w], y.leased[w])
			}
			delete(y.alive, w)
			y.retiring[w] = true
		},
		Dispose: func(w int) {
			if y.gone[w] || y.alive[w] || y.leased[w] {
				y.t.Fatalf("worker %d is disposed of: before %v, alive %v, leased %v", w, y.gone[w], y.alive[w], y.leased[w])
			}
			y.gone[w] = true
		},
	}, crew.Limits{Size: y.size, Starting: rapid.IntRange(0, 2).Draw(t, "starting")})
	return y
}

const net = 5 * time.Second

// settle waits until the crew has as many waiters as it must have, and each of the
// others its answer.
func (y *yard) settle() {
	for start := time.Now(); !y.settled(); {
		for _, n := range slices.Sorted(maps.Keys(y.waiters)) {
			select {
			case r := <-y.waiters[n].got:
				y.answered(n, r)
			default:
			}
		}
		if time.Since(start) > net {
			y.t.Fatalf("%d wait, the crew says %+v", len(y.waiters), y.c.Snapshot())
		}
	}
}

func (y *yard) settled() bool {
	s := y.c.Snapshot()
	return s.Waiting == len(y.waiters) && s.Starting == int(y.starts.Load())
}

func (y *yard) answered(n int, r result) {
	y.waiters[n].cancel()
	delete(y.waiters, n)
	switch {
	case r.err == nil:
		if !y.alive[r.w] || y.leased[r.w] {
			y.t.Fatalf("worker %d is leased, alive %v, leased already %v", r.w, y.alive[r.w], y.leased[r.w])
		}
		y.leased[r.w] = true
	case errors.Is(r.err, crew.ErrClosed):
		if !y.closed {
			y.t.Fatal("refused by an open crew")
		}
	default:
		y.t.Fatalf("refused: %v", r.err)
	}
}

func (y *yard) pick(from map[int]bool, what string) int {
	if len(from) == 0 {
		y.t.Skip("none")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(y.t, what)
}

func (y *yard) lease(*rapid.T) {
	if len(y.waiters) > 5 {
		y.t.Skip("enough")
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &waiter{cancel, make(chan result, 1)}
	y.number++
	y.waiters[y.number] = w
	lease := y.c.Lease
	if rapid.Bool().Draw(y.t, "again") {
		lease = y.c.LeaseAgain
	}
	before := y.c.Snapshot().Waiting
	entered := make(chan struct{})
	go func() {
		close(entered)
		n, err := lease(ctx)
		w.got <- result{n, err}
	}()
	<-entered
	for start := time.Now(); y.c.Snapshot().Waiting == before && len(w.got) == 0; {
		if time.Since(start) > net {
			y.t.Fatal("neither waits nor has an answer")
		}
	}
	y.settle()
}

func (y *yard) cancel(*rapid.T) {
	if len(y.waiters) == 0 {
		y.t.Skip("none")
	}
	n := rapid.SampledFrom(slices.Sorted(maps.Keys(y.waiters))).Draw(y.t, "who")
	w := y.waiters[n]
	w.cancel()
	select {
	case r := <-w.got:
		if !errors.Is(r.err, context.Canceled) {
			y.t.Fatalf("cancelled: %+v", r)
		}
	case <-time.After(net):
		y.t.Fatal("does not heed its ctx")
	}
	delete(y.waiters, n)
	y.settle()
}

func (y *yard) release(*rapid.T) {
	w := y.pick(y.leased, "worker")
	delete(y.leased, w)
	delete(y.corpses, w)
	y.c.Release(w, rapid.SampledFrom([]crew.Fitness{crew.Unproven, crew.Proven, crew.Spent}).Draw(y.t, "fitness"))
	y.settle()
}

func (y *yard) started(*rapid.T) {
	if y.starts.Load() == 0 {
		y.t.Skip("none")
	}
	y.starts.Add(-1)
	y.next++
	y.alive[y.next] = true
	y.c.Started(y.next)
	y.settle()
}

func (y *yard) died(*rapid.T) {
	all := maps.Clone(y.alive)
	maps.Copy(all, y.retiring)
	w := y.pick(all, "worker")
	delete(y.alive, w)
	delete(y.retiring, w)
	if y.leased[w] {
		y.corpses[w] = true
	}
	for range rapid.IntRange(1, 2).Draw(y.t, "told") {
		y.c.Died(w, true, nil)
	}
	y.settle()
}

func (y *yard) resize(*rapid.T) {
	y.size = rapid.IntRange(1, 4).Draw(y.t, "size")
	y.c.Resize(y.size)
	y.settle()
}

// check is what must be true at any time.
func (y *yard) check(*rapid.T) {
	s := y.c.Snapshot()
	busy := len(y.leased) - len(y.corpses)
	if s.Busy != busy || s.Idle != len(y.alive)-busy || s.Starting != int(y.starts.Load()) {
		y.t.Fatalf("%+v, want %d busy, %d alive, %d starting", s, busy, len(y.alive), y.starts.Load())
	}
	if s.Waiting > 0 && s.Idle > 0 {
		y.t.Fatalf("%d wait while %d idle", s.Waiting, s.Idle)
	}
	if room := y.size - s.Busy - s.Idle - s.Starting; s.Waiting > s.Starting && room > 0 && s.Starting == 0 && len(y.retiring) < y.size {
		y.t.Fatalf("%+v: nobody is on the way for who waits, with room for %d", s, room)
	}
	for w := range y.next {
		if w++; !y.alive[w] && !y.retiring[w] && !y.corpses[w] && !y.gone[w] {
			y.t.Fatalf("worker %d is dead and was not disposed of", w)
		}
	}
}

// end closes the crew, in one of the two ways, and sees it come to its end.
func (y *yard) end() {
	y.closed = true
	gone := y.finish()
	for y.starts.Load() > 0 {
		y.started(nil)
	}
	for w := range y.leased {
		delete(y.leased, w)
		y.c.Release(w, crew.Proven)
	}
	for _, all := range []map[int]bool{y.alive, y.retiring} {
		for w := range all {
			delete(all, w)
			y.c.Died(w, true, nil)
		}
	}
	clear(y.corpses)
	select {
	case <-gone:
	case <-time.After(net):
		y.t.Fatalf("it does not come to its end: %+v", y.c.Snapshot())
	}
	y.settle()
	if len(y.waiters) > 0 || len(y.gone) != y.next {
		y.t.Fatalf("%d wait, %d of %d are disposed of", len(y.waiters), len(y.gone), y.next)
	}
}

func (y *yard) finish() <-chan struct{} {
	if rapid.Bool().Draw(y.t, "in order") {
		for n := range y.waiters { // who waits is served; here he leaves
			w := y.waiters[n]
			w.cancel()
			if r := <-w.got; r.err == nil {
				y.answered(n, r)
			} else {
				delete(y.waiters, n)
			}
		}
		return y.c.Drain()
	}
	left, gone := y.c.Close()
	for _, w := range left {
		if !y.alive[w] && !y.retiring[w] && !y.corpses[w] {
			y.t.Fatalf("worker %d is left, and unknown", w)
		}
	}
	return gone
}

// leave ends those who wait, if the test has failed.
func (y *yard) leave() {
	for _, w := range y.waiters {
		w.cancel()
	}
}

// Whatever happens in whatever order: no worker is with two, nobody waits beside
// an idle one, each is disposed of once, and the end comes.
func TestCrew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := newYard(t)
		defer y.leave()
		t.Repeat(map[string]func(*rapid.T){
			"": y.check, "lease": y.lease, "cancel": y.cancel, "release": y.release,
			"started": y.started, "died": y.died, "resize": y.resize,
		})
		y.end()
	})
}
