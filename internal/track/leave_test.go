package track

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"multiproc/internal/sys"
)

// Who takes its leave may be about to make what it has registered: that is
// cleaned up at once, and again when it is dead, unless it has another owner
// then or was given up.
func TestLeaverIsCleanedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, end := w.owner(2, false)
		heir, _ := w.owner(3, false)
		said := reports(end)
		w.has(o, "made late", "taken", "given up")
		w.settle(o)
		n := 0
		for range said {
			n++
		}
		if n != 3 || !w.known(o) {
			t.Errorf("%d reports, known: %v", n, w.known(o))
		}
		w.has(heir, "taken")
		w.mark(o, registration{claim: claim{"k", "given up"}}, false)
		w.log = nil
		again, _ := w.owner(2, false) // it comes back for something
		w.supersede(again)
		w.has(again, "new")
		w.bury(again)
		slices.Sort(w.log)
		if want := []string{"0: clean made late", "0: clean new"}; !slices.Equal(w.log, want) {
			t.Errorf("%q, want %q", w.log, want)
		}
	})
}

// What a forgotten owner says is not kept: nobody would ever clean it up.
func TestForgottenOwnerHasNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, end := w.owner(1, true)
		_ = reports(end)
		w.settle(o)
		if w.known(o) || w.mark(o, registration{claim: claim{"k", "x"}}, true) || len(w.claims) != 0 {
			t.Errorf("known: %v, %d claims", w.known(o), len(w.claims))
		}
	})
}

// A root that has children is not forgotten, and hears so.
func TestLeaverWithChildrenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o, end := w.owner(1, true)
		w.starts(o, 2, 5, false, time.Second)
		go w.settle(o)
		f, err := end.receive()
		depend, err2 := decodeID(f.Payload)
		if err = errors.Join(err, err2); err != nil || f.Kind != kindParted || depend != 1 || !w.known(o) {
			t.Errorf("frame %d, %d children, known: %v, %v", f.Kind, depend, w.known(o), err)
		}
	})
}

// Nothing is registered between the farewell and the end of it.
func TestRegisterWhileLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient()
		c.open, c.left = true, make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- c.register(claim{"k", "x"}, "here") }()
		synctest.Wait()
		c.mu.Lock()
		if len(c.claims)+len(c.waits) != 0 {
			t.Errorf("%d claims, %d waits", len(c.claims), len(c.waits))
		}
		close(c.left)
		c.left = nil
		c.mu.Unlock()
		if err := <-done; !errors.Is(err, ErrUnavailable) { // there is no door
			t.Error(err)
		}
	})
}

// The tracker does not end before it has cleaned up after the last who left.
func TestServeWaitsForLeavers(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	name := fmt.Sprint("leave-slow ", time.Now().UnixNano()) // a binary keeps its kinds
	NewKind(name, Kind{
		Clean:    func(context.Context, []byte) error { close(started); <-release; return nil },
		Describe: func([]byte) string { return "" },
	})
	dead := exec.Command("true")
	if err := dead.Start(); err != nil {
		t.Fatal(err)
	}
	defer dead.Wait()
	d, err := newDoor()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- Serve(d.inside) }() // which takes it over
	l, err := d.knock()
	if err != nil {
		t.Fatal(err)
	}
	l.send(kindHello, hello{pid: dead.Process.Pid}.encode())
	l.send(kindRegister, registration{1, claim{name, ""}, ""}.encode())
	l.send(kindBye, encodeID(2))
	<-started
	l.close()
	l.discard()
	_ = sys.Close(d.outside)
	select {
	case err := <-served:
		t.Errorf("the tracker ended before that: %v", err)
	case <-time.After(100 * time.Millisecond):
		close(release)
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}
