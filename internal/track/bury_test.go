package track

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const second = time.Second

// Programs are asked at once, functions have heard of it; nobody is killed
// before the longest grace and a margin, everybody then, and what was registered
// goes after that.
func TestOwnerIsBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, _ := w.owner(1, true)
		w.hold(o, 100)
		w.starts(o, 2, 20, false, second)
		w.starts(o, 3, 30, true, 2*second)
		w.has(o, "dir")
		w.bury(o)
		want := []string{"0: signal 30 15", "2250: close 100", "2250: clean dir", "2250: close 20", "2250: close 30"}
		slices.Sort(w.log[3:])
		if !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
		if len(w.owners)+len(w.claims) != 0 || w.root != nil {
			t.Error("something is left of it")
		}
	})
}

// Nobody waits for a grace that nobody needs.
func TestChildrenEndEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, _ := w.owner(1, true)
		w.starts(o, 2, 20, false, time.Hour)
		w.has(o, "dir")
		time.AfterFunc(100*time.Millisecond, func() { w.end(20) })
		w.bury(o)
		if took := time.Since(w.start); took > 130*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if !slices.ContainsFunc(w.log, func(s string) bool { return s[len(s)-9:] == "clean dir" }) {
			t.Errorf("%q", w.log)
		}
	})
}

// A clean-up that takes its time does not lengthen anybody's life.
func TestSlowCleanUpAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.kinds["k"] = Kind{Clean: func(ctx context.Context, _ []byte) error { <-ctx.Done(); return ctx.Err() }, Describe: w.kinds["k"].Describe}
		o, _ := w.owner(1, true)
		w.hold(o, 100)
		w.starts(o, 2, 20, false, 0)
		w.has(o, "a", "b", "c")
		w.bury(o)
		if w.log[0] != "50: close 100" {
			t.Errorf("%q", w.log)
		}
		if took := time.Since(w.start); took != 50*time.Millisecond+cleanTime {
			t.Errorf("three took %v", took)
		}
	})
}

// Everything below a dead owner is bound by its limit: what is stuck has its
// children asked at half the time and killed with it, and what dies before
// hands no longer time down.
func TestDescendantsAreBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		root, _ := w.owner(1, true)
		w.hold(root, 100)
		w.starts(root, 2, 20, false, second)
		stuck, _ := w.owner(2, false)
		w.hold(stuck, 200)
		w.starts(stuck, 3, 30, false, time.Hour)
		dying, _ := w.owner(3, false)
		w.hold(dying, 300)
		w.starts(dying, 4, 40, false, time.Hour)
		done := make(chan struct{})
		time.AfterFunc(100*time.Millisecond, func() {
			w.end(30)
			w.bury(dying)
			close(done)
		})
		w.bury(root)
		<-done
		for _, want := range []string{"575: signal 30 15", "1125: close 100", "1125: close 200", "1125: close 300"} {
			at := slices.Index(w.log, want)
			if want[0] == '5' { // the pauses are not whole
				at = slices.IndexFunc(w.log, func(s string) bool { return s[len(s)-12:] == "signal 30 15" })
			}
			if at < 0 {
				t.Errorf("%q is not in %q", want, w.log)
			}
		}
	})
}

// A parent may come to the tracker after its child.
func TestLateParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c, _ := w.owner(2, false)
		p, _ := w.owner(1, true)
		w.starts(p, 2, 20, false, second)
		if c.parent != p {
			t.Error("it is nobody's child")
		}
	})
}

// An owner whose link broke while it lived has told everything anew: what it
// was under the old one is forgotten, and nothing is cleaned up.
func TestSuperseded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		old, _ := w.owner(1, true)
		w.hold(old, 100)
		w.starts(old, 2, 20, false, second)
		w.has(old, "kept", "dropped")
		again, _ := w.owner(1, true)
		w.has(again, "kept")
		w.supersede(again)
		if want := []string{"0: close 100", "0: close 20"}; !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
		w.bury(old) // its link has broken by now
		if len(w.log) != 2 || len(w.claims) != 1 || w.known(old) || !w.known(again) || w.root != again {
			t.Errorf("%q, %v", w.log, w.claims)
		}
	})
}

// The children of an owner that came back under another link are its own.
func TestSupersededHasChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		old, _ := w.owner(1, true)
		w.starts(old, 2, 20, false, second)
		c, _ := w.owner(2, false)
		again, _ := w.owner(1, true)
		w.starts(again, 2, 21, false, second)
		w.supersede(again)
		if c.parent != again {
			t.Error("it has a parent that is forgotten")
		}
	})
}

// A process that got the number of a dead one, which is not buried yet, is not
// the same one come back.
func TestDeadIsNotSuperseded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		dead, _ := w.owner(1, false)
		w.starts(dead, 2, 20, false, second)
		w.has(dead, "dir")
		time.AfterFunc(100*time.Millisecond, func() {
			other, _ := w.owner(1, false)
			w.supersede(other)
		})
		w.bury(dead)
		if !slices.ContainsFunc(w.log, func(s string) bool { return strings.HasSuffix(s, "clean dir") }) {
			t.Errorf("%q", w.log)
		}
	})
}

// Who is killed takes a moment to die, and may write until then.
func TestCleanUpAfterTheKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.env.close = func(fd int) {
			if fd == 100 {
				time.AfterFunc(30*time.Millisecond, func() { w.end(20) })
			}
		}
		o, _ := w.owner(1, true)
		w.hold(o, 100)
		w.starts(o, 2, 20, false, 0)
		w.has(o, "dir")
		w.bury(o)
		if !slices.Equal(w.log, []string{"80: clean dir"}) && !slices.Equal(w.log, []string{"81: clean dir"}) {
			t.Errorf("%q", w.log)
		}
	})
}

// A tracker that can't hold all of an owner's children holds its line no
// longer, and takes no other: its death is what kills them then.
func TestTrackerIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, _ := w.owner(1, true)
		w.hold(o, 100)
		w.adopt(o, childNote{seq: 7, pid: 2}, -1)
		if o.line != -1 {
			t.Error("it has its line still")
		}
		w.hold(o, 101)
		if want := []string{"0: close 100", "0: close 101"}; !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
	})
}
