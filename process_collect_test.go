package multiproc_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// lifeCollected waits until the garbage collector has taken what was watched.
func lifeCollected(t *testing.T, what string, gone <-chan struct{}) {
	t.Helper()
	for end := time.Now().Add(lifeNet); time.Now().Before(end); {
		runtime.GC()
		select {
		case <-gone:
			return
		case <-time.After(time.Millisecond):
		}
	}
	t.Errorf("%s is still held", what)
}

type lifeLoad struct{ Data []byte }

var lifeTake = multiproc.NewFunc("life-take", func(ctx context.Context, _ *lifeLoad) (int, error) {
	<-ctx.Done()
	return 0, nil
})

// TESTS 77: the argument is let go of while the child still runs.
func TestArgumentIsReleased(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	c := func() *multiproc.Child[int] {
		load := &lifeLoad{make([]byte, 100)}
		runtime.AddCleanup(load, func(int) { close(gone) }, 0)
		return lifeStart(t, lifeTake, load)
	}()
	lifeCollected(t, "the argument", gone)
	if !c.Alive() {
		t.Error("the child has ended")
	}
}

// TESTS 74: nothing but its user holds a process that has ended.
func TestEndedProcessIsCollected(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	func() {
		c, err := square.Start(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(c.Process, func(int) { close(gone) }, 0)
		if err := c.Wait(lifeCtx(t)); err != nil {
			t.Error(err)
		}
	}()
	lifeCollected(t, "the process", gone)
}

// lifeSpent tells the descriptors before and after some children, of which
// nobody closed anything.
var lifeSpent = lifeProgram("life-spent", func(ctx context.Context) (n [2]int, err error) {
	for i := range 11 {
		c, err := square.Start(ctx, i)
		if err != nil {
			return n, err
		}
		if err := c.Join(ctx); err != nil {
			return n, err
		}
		fds, err := os.ReadDir("/dev/fd")
		if err != nil {
			return n, err
		}
		if i == 0 { // what the first child needs
			// The tracker, which it has started, is there once it has answered.
			if err := errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none")); err != nil {
				return n, err
			}
			if fds, err = os.ReadDir("/dev/fd"); err != nil {
				return n, err
			}
			n[0] = len(fds)
		}
		n[1] = len(fds)
	}
	return n, nil
})

// TESTS 74: there is no Close, for there is nothing to close.
func TestEndedProcessHoldsNoDescriptor(t *testing.T) {
	t.Parallel()
	if n := lifeRun[[2]int](t, coldOnly(programCommand(t, lifeSpent))); n[0] != n[1] {
		t.Errorf("%d descriptors after one child, %d after eleven", n[0], n[1])
	}
}

// lifeInit is how package initialisation goes in a child that is told so.
var _ = func() int {
	switch os.Getenv("MULTIPROC_TEST_INIT") {
	case "exit":
		os.Exit(9)
	case "hang":
		time.Sleep(time.Hour)
	}
	return 0
}()

// PAINS 35, 36: a child that dies, or is ended, before it is anybody, with an
// argument on its way that fits into no buffer.
func TestDeathBeforeMain(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"exit": 9, "hang": -15} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := append(os.Environ(), "MULTIPROC_TEST_INIT="+name)
			c := lifeStart(t, lifeTake.With(multiproc.Options{Env: env}), &lifeLoad{make([]byte, 8<<20)})
			if name == "hang" {
				if err := c.Stop(lifeCtx(t)); err != nil {
					t.Error(err)
				}
			}
			_, err := c.Result(lifeCtx(t))
			if got, ok := c.ExitCode(); err == nil || got != code || !ok {
				t.Errorf("Result = %v, ExitCode = %d, %v; want %d", err, got, ok, code)
			}
		})
	}
}
