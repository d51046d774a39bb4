package exitseq

import (
	"testing"
	"time"
)

// An exit that a signal wants ends every child: it must not hang on one that
// nobody told to end (PAINS 34).
func TestAskedExitEndsEverybody(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		w.add(w.child("other", false, time.Second))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask other within 4s",
			"1s finalize all=true",
			"1s flush")
	})
}

func TestAskedInTheMiddleOfTheJoin(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("one", false, deaf).endAfter(time.Second))
		w.add(w.child("two", false, time.Second))
		w.add(w.child("three", false, deaf).endAfter(2 * time.Second))
		time.AfterFunc(7*time.Second, func() { close(w.asked) })
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"7s ask two within 4s",
			"8s finalize all=true",
			"8s flush")
	})
}

// The wish comes while daemons are being ended: the others' turn is after that.
func TestAskedWhileDaemonsEnd(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("daemon", true, 2*time.Second))
		w.add(w.child("other", false, time.Second))
		time.AfterFunc(time.Second, func() { close(w.asked) })
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask daemon within 4s",
			"2s ask other within 4s",
			"3s finalize all=true",
			"3s flush")
	})
}

func TestJoinSaysWhomItWaitsFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("quick", false, deaf).endAfter(time.Second))
		w.add(w.child("slow", false, deaf).endAfter(30 * time.Second))
		w.add(w.child("brief", false, deaf).endAfter(2 * time.Second))
		w.add(w.child("slower", false, deaf).endAfter(40 * time.Second))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"10s waiting for [slow slower]",
			"40s finalize all=true",
			"40s flush")
	})
}

func TestSecondSignalEndsTheGrace(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		w.add(w.child("deaf", false, deaf))
		time.AfterFunc(time.Second, func() { close(w.skip) })
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask deaf within 4s",
			"1s kill deaf",
			"1s finalize all=true", // not skipped
			"1s flush")
	})
}

func TestSecondSignalBeforeChildrenAreEnded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		close(w.skip)
		w.add(w.child("c", false, 0))
		w.Run()
		w.check(t, "0s finalize all=false", "0s kill c", "0s finalize all=true", "0s flush")
	})
}

// Both signals come while an ordinary exit joins.
func TestSecondSignalEndsTheJoin(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("c", false, deaf))
		time.AfterFunc(time.Second, func() { close(w.asked) })
		time.AfterFunc(2*time.Second, func() { close(w.skip) })
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"1s ask c within 4s",
			"2s kill c",
			"2s finalize all=true",
			"2s flush")
	})
}

// What can't be killed is left behind, and that is said: nothing is tried again.
func TestImmuneChildIsLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add(w.child("daemon", true, deaf))
		w.add(w.child("c", false, deaf))
		w.children[0].immune, w.children[1].immune = true, true
		time.AfterFunc(21*time.Second, func() { close(w.asked) })
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask daemon within 4s",
			"5s kill daemon",
			"10s left daemon",
			"20s waiting for [c]",
			"21s ask c within 4s",
			"26s kill c",
			"31s left c",
			"31s finalize all=true",
			"31s flush")
	})
}

func TestImmuneChildIsLeftAtTheSecondSignal(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		close(w.skip)
		w.add(w.child("c", false, deaf))
		w.children[0].immune = true
		w.Run()
		w.check(t, "0s finalize all=false", "0s kill c", "5s left c", "5s finalize all=true", "5s flush")
	})
}

// Under a deadline of its own a process hands down half of what is left, and
// waits for three quarters of it: the grace is not spent twice.
func TestSharesUnderADeadline(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace, left, ask, wait time.Duration
	}{
		"no deadline":           {4 * time.Second, 0, 4 * time.Second, 5 * time.Second},
		"the child needs less":  {time.Second, 8 * time.Second, time.Second, 1250 * time.Millisecond},
		"the child wants more":  {4 * time.Second, 4 * time.Second, 2 * time.Second, 3 * time.Second},
		"asked for all of half": {2 * time.Second, 4 * time.Second, 2 * time.Second, 2500 * time.Millisecond},
		"no grace":              {-1, 4 * time.Second, 0, 0},
		"over":                  {time.Second, -time.Second, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if c.left != 0 {
					w.within(c.left)
				}
				if ask, wait := w.shares(c.grace); ask != c.ask || wait != c.wait {
					t.Errorf("shares = %v, %v, want %v, %v", ask, wait, c.ask, c.wait)
				}
			})
		})
	}
}

func TestDeafChildUnderADeadline(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		w.within(4 * time.Second)
		w.add(w.child("deaf", false, deaf))
		w.Run()
		w.check(t,
			"0s finalize all=false",
			"0s ask deaf within 2s",
			"3s kill deaf", // a second is left for what comes after it
			"3s finalize all=true",
			"3s flush")
	})
}

// The deadline may have passed before children get their turn.
func TestDeadlineThatIsOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		close(w.asked)
		w.within(0)
		w.add(w.child("c", false, 0))
		w.Run()
		w.check(t, "0s finalize all=false", "0s kill c", "0s finalize all=true", "0s flush")
	})
}
