package track

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Owners are counted: the last one's death counts, unless one gave it up.
func TestOwnersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, _ := w.owner(1, true)
		b, _ := w.owner(2, false)
		w.has(a, "both", "both", "mine")
		w.has(b, "both", "given up")
		w.mark(b, registration{claim: claim{"k", "given up"}}, false)
		w.mark(b, registration{claim: claim{"k", "never mine"}}, false)
		w.bury(a)
		if want := []string{"0: clean mine"}; !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
		w.bury(b)
		if want := []string{"0: clean mine", "0: clean both"}; !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
	})
}

// PAINS 73: a report says who registered what where, once, to whoever started
// the owner; to the root if that is gone; to the owner if it is still there.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.kinds["bad"] = Kind{Clean: func(context.Context, []byte) error { return errTest }, Describe: w.kinds["k"].Describe}
		root, rootEnd := w.owner(1, true)
		w.starts(root, 2, 20, false, 0)
		parent, parentEnd := w.owner(2, false)
		w.starts(parent, 3, 30, false, 0)
		w.starts(parent, 4, 40, false, 0)
		c, _ := w.owner(3, false)
		d, _ := w.owner(4, false)
		w.has(c, "c")
		w.has(d, "d")
		w.mark(d, registration{claim: claim{"bad", "e"}, where: "there"}, true)
		w.mark(d, registration{claim: claim{"unheard of", "\x01"}, where: "there"}, true)
		w.has(root, "r")
		toRoot, toParent := reports(rootEnd), reports(parentEnd)

		c.link.close()
		w.bury(c)
		if got, want := <-toParent, (Report{"k", "c", "p3", 3, "here", ""}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		parent.link.close()
		d.link.close()
		w.bury(d)
		got := map[string]string{}
		for range 3 {
			r := <-toRoot
			got[r.Kind+" "+r.Resource+" "+r.Where] = r.Problem
		}
		if len(got) != 3 || got["k d here"] != "" || got["bad e there"] != errTest.Error() || got["unheard of 01 there"] == "" {
			t.Errorf("%q", got)
		}
		go w.settle(root) // it takes its leave, and hears of those below it first
		synctest.Wait()
		if !w.known(root) {
			t.Error("it did not wait for what it has started")
		}
		w.has(parent, "p")
		w.bury(parent)
		for _, want := range []Report{{"k", "p", "p2", 2, "here", ""}, {"k", "r", "p1", 1, "here", ""}} {
			if got := <-toRoot; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		if r, ok := <-toRoot; ok || !w.known(root) { // two children are not gone, as far as it has said
			t.Errorf("%+v, known: %v", r, w.known(root))
		}
	})
}

// Whatever a clean-up does is its own affair.
func TestCleanUpIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, _ := w.owner(1, true)
		for name, clean := range map[string]func(context.Context) error{
			"panics": func(context.Context) error { panic("on purpose") },
			"exits":  func(context.Context) error { runtime.Goexit(); return nil },
			"fails":  func(context.Context) error { return errTest },
			"hangs":  func(context.Context) error { time.Sleep(2 * cleanTime); return nil },
			"obeys":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		} {
			w.kinds[name] = Kind{Clean: func(ctx context.Context, _ []byte) error { return clean(ctx) }, Describe: w.kinds["k"].Describe}
			start := time.Now()
			r := w.clean(o, leftover{claim{name, "x"}, "here"}, false)
			problem := map[string]string{
				"panics": "panic: on purpose", "exits": "Goexit", "fails": "on purpose", "hangs": "did not return", "obeys": "deadline",
			}[name]
			if !strings.Contains(r.Problem, problem) {
				t.Errorf("%s: %q", name, r.Problem)
			}
			if took := time.Since(start); took > cleanTime+cleanMargin {
				t.Errorf("%s took %v", name, took)
			}
		}
		time.Sleep(2 * cleanTime) // for the one that hangs
	})
}

// What can't be described is cleaned up, and harms nobody.
func TestDescribeIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, _ := w.owner(1, true)
		for _, describe := range []func([]byte) string{
			func([]byte) string { panic("on purpose") },
			func([]byte) string { time.Sleep(time.Minute); return "" },
		} {
			w.kinds["k"] = Kind{Clean: w.kinds["k"].Clean, Describe: describe}
			if r := w.clean(o, leftover{claim{"k", "x"}, "here"}, false); r.Resource != "78" || r.Problem != "" {
				t.Errorf("%+v", r)
			}
		}
		time.Sleep(time.Minute)
		if len(w.log) != 2 {
			t.Errorf("%q", w.log)
		}
	})
}

// However much an owner leaves, it does not take a thread for each.
func TestManyAreCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var now, most, all atomic.Int32
		w.kinds["k"] = Kind{Clean: func(context.Context, []byte) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Millisecond)
			now.Add(-1)
			all.Add(1)
			return nil
		}, Describe: w.kinds["k"].Describe}
		o, _ := w.owner(1, true)
		o.link.close()
		for i := range 1000 {
			w.has(o, strconv.Itoa(i))
		}
		w.bury(o)
		if all.Load() != 1000 || most.Load() > atOnce {
			t.Errorf("%d, %d at once", all.Load(), most.Load())
		}
	})
}
