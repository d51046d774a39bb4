package exitseq

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// PAINS 26, 27: one order.
func TestOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("daemon", true, time.Second))
		w.add(w.child("other", false, deaf).endAfter(3 * time.Second))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask daemon within 4s",
			"3s finalize all=true",
			"3s flush")
	})
}

func TestEvents(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var events []string
		w.Log = func(event, _ string, args ...any) { events = append(events, fmt.Sprint(event, args)) }
		w.add(w.child("d", true, time.Second))
		w.add(w.child("n", false, deaf).endAfter(time.Minute))
		w.Run()
		want := []string{
			"shutdown[]", "finalizers[pass before-children]", "terminate-daemon[child d pid 1]",
			"join[child n pid 1]", "finalizers[pass after-children]",
		}
		if !slices.Equal(events, want) {
			t.Errorf("events %q, want %q", events, want)
		}
	})
}

// TESTS 97, in small: they have their graces at the same time.
func TestDaemonsAreTerminatedAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		for i := range 100 {
			w.add(w.child(fmt.Sprint(i), true, 4*time.Second))
		}
		w.Run()
		if took := time.Since(w.start); took != 4*time.Second {
			t.Errorf("it took %v, not the 4s that each of them needs", took)
		}
	})
}

// TESTS 206, PAINS 26: a deaf daemon is killed, when its margin is over too.
func TestDeafDaemonIsKilled(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("deaf", true, deaf))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask deaf within 4s",
			"5s kill deaf",
			"5s finalize all=true",
			"5s flush")
	})
}

func TestObedienceWithinTheMarginIsNoReasonToKill(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("slow", true, 4*time.Second+Margin(4*time.Second)-1))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask slow within 4s",
			"4.999999999s finalize all=true",
			"4.999999999s flush")
	})
}

func TestNoGraceIsKilledUnasked(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		c := w.child("d", true, 0)
		c.grace = -1
		w.add(c)
		w.Run()
		w.check(t, "0s finalize all=false", "0s kill d", "0s finalize all=true", "0s flush")
	})
}

// A child that a finalizer of the last pass started is ended, daemon or not.
func TestChildOfTheLastPassIsEnded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.last = func() { w.add(w.child("late", false, time.Second)) }
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s finalize all=true",
			"0s ask late within 4s",
			"1s flush")
	})
}

// A child that one of the first pass started is joined, as any other.
func TestChildOfTheFirstPassIsJoined(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		finalize := w.Finalize
		w.Finalize = func(all bool) {
			finalize(all)
			if !all {
				w.add(w.child("early", false, deaf).endAfter(time.Minute))
			}
		}
		w.Waiting = func([]string) {}
		w.Run()
		w.check(t, "0s finalize all=false", "1m0s finalize all=true", "1m0s flush")
	})
}

func TestMargin(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration]time.Duration{
		0:                      50 * time.Millisecond,
		100 * time.Millisecond: 50 * time.Millisecond,
		400 * time.Millisecond: 100 * time.Millisecond,
		2 * time.Second:        500 * time.Millisecond,
		time.Hour:              time.Second,
	} {
		if got := Margin(grace); got != want {
			t.Errorf("Margin(%v) = %v, want %v", grace, got, want)
		}
	}
}
