package finalize

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"weak"
)

// TESTS row 7, PAINS 54: everything at once on the same finalizers; each
// callback runs at most once, and exactly one of those who claim it says so.
func TestEveryRaceHasOneWinner(t *testing.T) {
	r := newRegistry()
	const workers, rounds = 8, 100
	var wg sync.WaitGroup
	stop := make(chan struct{})
	passes := concurrently(func() {
		for {
			if err := r.runFrom(0); err != nil {
				t.Error(err)
			}
			runtime.GC()
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	var ran, cancelled, called atomic.Int64
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				obj := new(object)
				counts := make([]*atomic.Int32, 4)
				fs := make([]*Finalizer, len(counts))
				for k := range fs {
					n := new(atomic.Int32)
					counts[k] = n
					fs[k] = attach(r, obj, func(n *atomic.Int32) error { n.Add(1); ran.Add(1); return nil },
						n, priority(k-2))
				}
				var race sync.WaitGroup
				for k, f := range fs {
					race.Go(func() {
						if (i+k+w)%3 != 0 && f.Cancel() {
							cancelled.Add(1)
						}
					})
					race.Go(func() {
						if did, _ := f.Call(); did {
							called.Add(1)
						}
					})
				}
				race.Wait()
				for k := range fs {
					if n := counts[k].Load(); n > 1 {
						t.Errorf("%d runs of one finalizer", n)
					}
				}
				runtime.KeepAlive(obj)
			}
		})
	}
	wg.Wait()
	close(stop)
	within(t, "passes", passes)
	if total := ran.Load() + cancelled.Load(); total != 4*workers*rounds {
		t.Errorf("%d ran and %d were cancelled, of %d", ran.Load(), cancelled.Load(), 4*workers*rounds)
	}
	if called.Load() > ran.Load() {
		t.Errorf("%d Calls claim to have run %d callbacks", called.Load(), ran.Load())
	}
	if r.len() != 0 || len(r.objects.heads) != 0 {
		t.Errorf("Len = %d, %d objects", r.len(), len(r.objects.heads))
	}
}

// One object with many finalizers has one cleanup; it runs those that are left,
// newest first, and nothing of those that were cancelled in any order.
func TestManyFinalizersOnOneObject(t *testing.T) {
	r := newRegistry()
	const n = 1000
	var ran []int
	done := make(chan struct{})
	func() {
		obj := new(object)
		fs := make([]*Finalizer, n)
		for i := range fs {
			fs[i] = attach(r, obj, func(i int) error {
				ran = append(ran, i)
				if i == 1 {
					close(done)
				}
				return nil
			}, i, plan{})
		}
		for i := range fs {
			if i%10 != 1 { // both ends go too
				if !fs[i].Cancel() {
					t.Fatal("Cancel = false")
				}
			}
		}
		runtime.KeepAlive(obj)
	}()
	collectUntil(t, done)
	want := make([]int, 0, n/10)
	for i := range n / 10 {
		want = append(want, n-10*i-9)
	}
	if !slices.Equal(ran, want) {
		t.Errorf("ran %v", ran)
	}
	if r.len() != 0 {
		t.Errorf("Len = %d", r.len())
	}
}

// When the last finalizer of a living object has gone, in whatever order, the
// runtime keeps nothing of them.
func TestNothingStaysWithTheObject(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
		r := newRegistry()
		obj := new(object)
		var held []weak.Pointer[Finalizer]
		func() {
			var fs []*Finalizer
			for range 3 {
				f := attach(r, obj, nothingWith, "x", priority(0))
				fs, held = append(fs, f), append(held, weak.Make(f))
			}
			for _, i := range order {
				fs[i].Cancel()
			}
		}()
		runtime.GC()
		for i, w := range held {
			if w.Value() != nil {
				t.Errorf("cancelled in the order %v, finalizer %d is still held", order, i)
			}
		}
		runtime.KeepAlive(obj)
	}
}

// An object takes over the address of one whose cleanup is still queued: the
// late cleanup must not run what belongs to the new object. The address is the
// same here because the object is; the finalizers can't tell.
func TestLateCleanupLeavesNewerObjectAlone(t *testing.T) {
	r := newRegistry()
	obj := new(object)
	var ran []string
	say := func(s string) error { ran = append(ran, s); return nil }
	older := attach(r, obj, say, "older", plan{})
	newer := attach(r, obj, say, "newer", plan{})
	collected(older)
	(&pass{registry: r}).awaitOthers()
	if !slices.Equal(ran, []string{"older"}) || older.StillActive() || !newer.StillActive() {
		t.Fatalf("ran %v", ran)
	}
	newest := attach(r, obj, say, "newest", plan{})
	if !newer.Cancel() {
		t.Fatal("Cancel = false")
	}
	collected(newest)
	(&pass{registry: r}).awaitOthers()
	if !slices.Equal(ran, []string{"older", "newest"}) {
		t.Errorf("ran %v", ran)
	}
	runtime.KeepAlive(obj)
}

// Collections by the thousand, with memory used again under way: each object's
// finalizer runs once, and only after that object is dead.
func TestMassCollection(t *testing.T) {
	r := newRegistry()
	const n = 5000
	var early, late atomic.Int64
	done := make(chan struct{})
	count := func(alive *atomic.Bool) error {
		if alive.Load() {
			early.Add(1)
		}
		if late.Add(1) == n {
			close(done)
		}
		return nil
	}
	for range n {
		obj, alive := new(object), new(atomic.Bool)
		alive.Store(true)
		attach(r, obj, count, alive, priority(0))
		alive.Store(false)
		runtime.KeepAlive(obj)
	}
	collectUntil(t, done)
	if early.Load() != 0 {
		t.Errorf("%d ran while their object was in use", early.Load())
	}
	if r.len() != 0 {
		t.Errorf("Len = %d", r.len())
	}
}

func TestMemoryThatIsNotGoPanicsAndRegistersNothing(t *testing.T) {
	// A pass afterwards would hang if the panic had left the mutex held.
	r := newRegistry()
	func() {
		defer func() { _ = recover() }()
		f := &attached{}
		f.object = &f.link
		r.addAttached(&f.Finalizer, plan{}, func() runtime.Cleanup { panic("not in allocated block") })
	}()
	if r.len() != 0 || len(r.objects.heads) != 0 || r.runFrom(0) != nil {
		t.Error("something was registered")
	}
}

// Empty lists don't pile up for a program that uses ever new priorities.
func TestPrioritiesAreForgotten(t *testing.T) {
	r := newRegistry()
	for i := range 10_000 {
		atExit(r, nothing, priority(i)).Cancel()
	}
	if n := len(r.lists); n > 200 {
		t.Errorf("%d lists for no finalizer", n)
	}
	var ran []string
	for i := range 100 {
		atExit(r, func() error { ran = append(ran, fmt.Sprint(i)); return nil }, priority(i))
	}
	r.runFrom(0)
	if len(ran) != 100 || ran[0] != "99" || ran[99] != "0" {
		t.Errorf("ran %v", ran)
	}
	if r.order != nil || r.passes != 0 || r.inFlight != 0 || r.enclosed != 0 {
		t.Error("the pass left something behind")
	}
}

// TESTS row 11.
func TestFailureStopsNobodyAndIsReported(t *testing.T) {
	r := newRegistry()
	var ran []int
	add := func(p int, fail func() error) {
		atExit(r, func() error { ran = append(ran, p); return fail() }, plan{atExit: true, priority: p, site: where()})
	}
	add(5, func() error { return errTest })
	add(4, func() error { panic("boom") })
	add(3, func() error { panic(fmt.Errorf("wrapped: %w", errTest)) })
	add(2, func() error { runtime.Goexit(); return nil })
	add(1, func() error { return []error{nil}[len(ran)] })
	add(0, func() error { return nil })
	err := r.runFrom(0)
	if !slices.Equal(ran, []int{5, 4, 3, 2, 1, 0}) {
		t.Errorf("ran %v", ran)
	}
	all := err.(interface{ Unwrap() []error }).Unwrap()
	if len(all) != 5 {
		t.Fatalf("%d failures, want 5: %v", len(all), err)
	}
	for i, e := range all {
		if !strings.Contains(e.Error(), fmt.Sprintf("(priority %d, made at ", 5-i)) {
			t.Errorf("failure %d doesn't name its finalizer: %v", i, e)
		}
	}
	p, ok := errors.AsType[*PanicError](all[1])
	if !ok || p.Value != "boom" || !strings.Contains(p.Stack, "TestFailureStopsNobodyAndIsReported") {
		t.Errorf("panic came as %#v", all[1])
	}
	var re runtime.Error
	if !errors.Is(all[0], errTest) || !errors.Is(all[2], errTest) || !errors.Is(all[3], ErrGoexit) || !errors.As(all[4], &re) {
		t.Errorf("failures: %v", err)
	}
}

func TestCallContainsPanic(t *testing.T) {
	r := newRegistry()
	ran, err := atExit(r, func() error { panic(errTest) }, priority(0)).Call()
	if p, ok := errors.AsType[*PanicError](err); !ran || !ok || p.Value != any(errTest) || !errors.Is(err, errTest) {
		t.Errorf("Call = %v, %v", ran, err)
	}
}

func TestGoexitInCallCountsAsRun(t *testing.T) {
	r := newRegistry()
	f := atExit(r, func() error { runtime.Goexit(); return nil }, priority(0))
	returned := false
	within(t, "Call", concurrently(func() { f.Call(); returned = true }))
	if returned || f.StillActive() || r.inFlight != 0 {
		t.Error("the callback's end was not noticed")
	}
}
