package finalize

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"multiproc/mplog"
)

// TESTS row 12, PAINS section 7 item 5: what is registered during a pass runs in
// it, in its place, to any depth, also if it is the last pass.
func TestRegisteredDuringPassRuns(t *testing.T) {
	r := newRegistry()
	var ran []string
	add := func(name string, p int, then func()) {
		atExit(r, func() error { ran = append(ran, name); then(); return nil }, priority(p))
	}
	nop := func() {}
	add("low", -5, nop)
	add("first", 0, func() {
		add("same", 0, nop)
		add("lower", -1, func() { add("lowest", -100, nop) })
		add("between", -3, nop)
		add("higher", 9, func() { add("deep", 0, nop) })
	})
	if err := r.runFrom(BeforeChildren); err != nil {
		t.Fatal(err)
	}
	if want := []string{"first", "higher", "deep", "same"}; !slices.Equal(ran, want) {
		t.Fatalf("first pass ran %v, want %v", ran, want)
	}
	ran = nil
	if err := r.runFrom(math.MinInt); err != nil {
		t.Fatal(err)
	}
	if want := []string{"lower", "between", "low", "lowest"}; !slices.Equal(ran, want) {
		t.Errorf("last pass ran %v, want %v", ran, want)
	}
	if r.len() != 0 {
		t.Errorf("Len = %d", r.len())
	}
}

func TestCallbackCancelsAndCallsOthers(t *testing.T) {
	r := newRegistry()
	cancelled := atExit(r, func() error { t.Error("ran"); return nil }, priority(0))
	calls := 0
	called := atExit(r, func() error { calls++; return nil }, priority(1))
	atExit(r, func() error {
		if ran, err := called.Call(); !ran || err != nil || !cancelled.Cancel() {
			t.Error("it could not")
		}
		return nil
	}, priority(2))
	if err := r.runFrom(0); err != nil || calls != 1 {
		t.Errorf("pass = %v, %d calls", err, calls)
	}
}

// A pass waits for a callback that Call runs elsewhere; a second Call doesn't.
func TestPassWaitsForCallInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		release := make(chan struct{})
		late := false
		f := atExit(r, func() error {
			<-release
			atExit(r, func() error { late = true; return nil }, priority(0))
			return errTest
		}, priority(0))
		go f.Call()
		synctest.Wait()
		if ran, err := f.Call(); ran || err != nil {
			t.Errorf("second Call = %v, %v", ran, err)
		}
		var err error
		pass := concurrently(func() { err = r.runFrom(0) })
		synctest.Wait()
		select {
		case <-pass:
			t.Fatal("the pass didn't wait")
		default:
		}
		close(release)
		<-pass
		if err != nil {
			t.Errorf("pass = %v; the failure belongs to Call", err)
		}
		if !late {
			t.Error("what the callback in flight registered was not run")
		}
	})
}

func TestPassWaitsForCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		obj := new(object)
		finished := false
		f := attach(r, obj, func(int) error { time.Sleep(time.Second); finished = true; return nil }, 0, plan{})
		collected(f)
		if err := r.runFrom(0); err != nil || !finished {
			t.Errorf("pass = %v, finished %v", err, finished)
		}
		runtime.KeepAlive(obj)
	})
}

// The waiting is bounded, and says for whom it was in vain.
func TestPassGivesUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		release := make(chan struct{})
		f := atExit(r, func() error { <-release; return nil }, plan{atExit: true, priority: 42, site: where()})
		go f.Call()
		synctest.Wait()
		start := time.Now()
		err := r.runFrom(0)
		if waited := time.Since(start); waited != r.limit {
			t.Errorf("waited %v, want %v", waited, r.limit)
		}
		if !errors.Is(err, ErrStillRunning) || !strings.Contains(err.Error(), "priority 42") {
			t.Errorf("pass = %v", err)
		}
		close(release)
		synctest.Wait()
		if err := r.runFrom(0); err != nil {
			t.Errorf("next pass = %v", err)
		}
	})
}

// A waiting pass takes at once what is registered meanwhile.
func TestWaitingPassTakesNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		release := make(chan struct{})
		go atExit(r, func() error { <-release; return nil }, priority(0)).Call()
		synctest.Wait()
		pass := concurrently(func() { r.runFrom(0) })
		synctest.Wait()
		ran := false
		atExit(r, func() error { ran = true; return nil }, priority(3))
		synctest.Wait()
		if !ran {
			t.Error("not run while the pass waits")
		}
		close(release)
		<-pass
	})
}

// A callback may run a pass: in a pass, in a Call, from a collection; any number
// of callbacks may do so at once. None waits for itself or for another of them,
// or there would be an ErrStillRunning.
func TestCallbacksMayRunPasses(t *testing.T) {
	for name, start := range map[string]func(r *registry, f *Finalizer) error{
		"pass":    func(r *registry, f *Finalizer) error { return r.runFrom(0) },
		"call":    func(r *registry, f *Finalizer) error { _, err := f.Call(); return err },
		"collect": func(r *registry, f *Finalizer) error { collected(f); return r.runFrom(0) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistry()
				obj := new(object)
				var mu sync.Mutex
				var ran []string
				note := func(s string) {
					mu.Lock()
					defer mu.Unlock()
					ran = append(ran, s)
				}
				atExit(r, func() error { note("rest"); return r.runFrom(0) }, priority(0))
				inner := atExit(r, func() error { note("inner"); return r.runFrom(0) }, priority(0))
				f := attach(r, obj, func(int) error {
					note("outer")
					_, err := inner.Call() // a callback in a callback in a callback
					return err
				}, 0, priority(1))
				if err := start(r, f); err != nil {
					t.Error(err)
				}
				if !slices.Contains(ran, "rest") || len(ran) != 3 {
					t.Errorf("ran %v", ran)
				}
				runtime.KeepAlive(obj)
			})
		})
	}
}

func TestTwoCallbacksThatRunPassesDontWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		var both sync.WaitGroup // in flight together before either runs a pass
		both.Add(2)
		run := func() error { both.Done(); both.Wait(); return r.runFrom(0) }
		var calls sync.WaitGroup
		for range 2 {
			f := atExit(r, run, priority(0))
			calls.Go(func() {
				if ran, err := f.Call(); !ran || err != nil {
					t.Errorf("Call = %v, %v", ran, err)
				}
			})
		}
		calls.Wait()
	})
}

// A pass from a callback still waits for a callback that is not in a pass.
func TestPassInCallbackWaitsForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		finished := false
		go atExit(r, func() error { time.Sleep(time.Second); finished = true; return nil }, priority(0)).Call()
		synctest.Wait()
		f := atExit(r, func() error {
			err := r.runFrom(0)
			if !finished {
				t.Error("the pass didn't wait")
			}
			return err
		}, priority(0))
		if _, err := f.Call(); err != nil {
			t.Error(err)
		}
	})
}

func TestConcurrentPassesShareTheWork(t *testing.T) {
	r := newRegistry()
	const n = 5000
	counts := make([]int, n)
	for i := range n {
		atExit(r, func() error { counts[i]++; return nil }, priority(i%7))
	}
	var passes sync.WaitGroup
	for range 4 {
		passes.Go(func() {
			if err := r.runFrom(0); err != nil {
				t.Error(err)
			}
		})
	}
	passes.Wait()
	for i, c := range counts {
		if c != 1 {
			t.Fatalf("finalizer %d ran %d times", i, c)
		}
	}
}

// FACTS 16: callbacks that block, and those that end their goroutine, don't keep
// the others from running, nor the runtime's own cleanups.
func TestBlockedCollectedCallbacksDontStarveOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		release := make(chan struct{})
		var mu sync.Mutex
		quick := 0
		objs := make([]object, 60)
		for i := range objs {
			collected(attach(r, &objs[i], func(i int) error {
				switch i % 3 {
				case 0:
					<-release
				case 1:
					runtime.Goexit()
				}
				mu.Lock()
				quick++
				mu.Unlock()
				return nil
			}, i, plan{}))
		}
		time.Sleep(patience * 100)
		synctest.Wait()
		mu.Lock()
		if quick != 20 {
			t.Errorf("%d of 20 ran beside 20 blocked ones", quick)
		}
		mu.Unlock()
		close(release)
		synctest.Wait()
		if r.collector.runners != 0 || r.inFlight != 0 || r.collector.queue != nil {
			t.Errorf("%d runners, %d in flight afterwards", r.collector.runners, r.inFlight)
		}
	})
}

// Quick callbacks, however many, get by with one goroutine, and blocked ones
// don't get more than maxRunners.
func TestRunnersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		release := make(chan struct{})
		objs := make([]object, 2*maxRunners)
		for i := range objs {
			collected(attach(r, &objs[i], func(int) error { <-release; return nil }, 0, plan{}))
		}
		time.Sleep(patience * 3 * maxRunners)
		r.mu.Lock()
		if n := r.collector.runners; n != maxRunners {
			t.Errorf("%d runners, want %d", n, maxRunners)
		}
		r.mu.Unlock()
		close(release)
		synctest.Wait()
		if r.inFlight != 0 {
			t.Errorf("%d in flight", r.inFlight)
		}
	})
}

// A channelHandler sends each record's level and attributes.
type channelHandler struct {
	slog.Handler
	seen chan<- string
}

func (h channelHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h channelHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprint(&b, int(r.Level))
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %v", a)
		return true
	})
	h.seen <- b.String()
	return nil
}

// It plays in a process of its own, because logging can't be turned off again.
func TestLogsCallsAndFailuresOfCollected(t *testing.T) {
	if len(play(t, "log")) != 0 {
		t.Error("unexpected output")
	}
}

func init() { roles["log"] = playLog }

func playLog() {
	r := newRegistry()
	seen := make(chan string, 10)
	mplog.SetHandler(channelHandler{slog.DiscardHandler, seen})
	mplog.SetLevel(mplog.LevelSubDebug)
	mplog.Logger()
	obj := new(object)
	collected(attach(r, obj, func(string) error { return errTest }, "x", plan{site: where()}))
	for _, want := range []string{"-6 event=finalizer-call", "4 event=finalizer-failed"} {
		got := <-seen
		if !strings.HasPrefix(got, want) || !strings.Contains(got, "playLog") {
			panic("logged " + got + ", want " + want)
		}
	}
}
