//go:build unix

package parity_test

import (
	"context"
	"errors"
	"os"
	"runtime"

	"multiproc"
	"multiproc/finalize"
	"multiproc/mplog"
)

// TESTS 1-6: CPython's test_finalize, in a child that returns and in one that
// runs its finalizers and then exits hard.
var (
	_ = add(scenario{name: "finalizers", main: plain(func(context.Context) error {
		return errors.Join(outcome(finalizersReturn, "Returns"), outcome(finalizersHard, "ExitsHard"))
	})})

	finalizersReturn = multiproc.NewFunc("finalizers-return", func(context.Context, none) (none, error) {
		attachAll()
		return none{}, nil
	})
	finalizersHard = multiproc.NewFunc("finalizers-hard", func(context.Context, none) (none, error) {
		attachAll()
		err := errors.Join(finalize.RunFrom(finalize.BeforeChildren), finalize.RunAll())
		if err != nil {
			return none{}, err
		}
		os.Exit(0)
		return none{}, nil
	})
)

// An object is large enough to be collected alone.
type object struct {
	_ *int
	_ [7]int
}

var alive []*object

func finalizer(what string) error {
	say("finalizer %s", what)
	return nil
}

func saying(what string) func() error { return func() error { return finalizer(what) } }

func attachAll() {
	attachAndDrop()
	b := new(object)
	f := finalize.Attach(b, finalizer, "b")
	for range 2 {
		_, _ = f.Call()
	}
	c, d := new(object), new(object)
	alive = append(alive, b, c, d)
	finalize.Attach(c, finalizer, "c")
	finalize.AttachAtExit(d, finalizer, "d01", 0)
	finalize.AttachAtExit(d, finalizer, "d02", 0)
	finalize.AttachAtExit(d, finalizer, "d03", 0)
	finalize.AttachAtExit(d, finalizer, "d10", 1)
	finalize.AtExit(saying("STOP"), -100)
	finalize.AtExit(saying("e"), -10)
}

// attachAndDrop returns when the object was collected and the callback ran.
func attachAndDrop() {
	ran := make(chan struct{})
	finalize.Attach(new(object), func(what string) error {
		defer close(ran)
		return finalizer(what)
	}, "a")
	for {
		runtime.GC()
		select {
		case <-ran:
			return
		default:
			runtime.Gosched()
		}
	}
}

// TESTS 11: one that fails stops no other.
var _ = add(scenario{name: "failing", main: plain(func(context.Context) error {
	finalize.AtExit(saying("-1"), -1)
	finalize.AtExit(func() error { return errors.New("it broke") }, 0)
	finalize.AtExit(saying("1"), 1)
	finalize.AtExit(func() error { panic("it broke") }, 2)
	finalize.AtExit(saying("3"), 3)
	return nil
})})

// In CPython what a callback registers waits for the second pass, and is
// dropped in that one (TESTS 12).
var _ = add(scenario{name: "late", differs: true, main: plain(func(context.Context) error {
	adding := func(what string, priority int, late string) {
		finalize.AtExit(func() error {
			finalize.AtExit(saying(late), priority)
			return finalizer(what)
		}, priority)
	}
	finalize.AtExit(saying("-2"), -2)
	adding("-1", -1, "added by -1")
	finalize.AtExit(saying("0"), 0)
	adding("1", 1, "added by 1")
	return nil
})})

// In CPython an exit in a callback ends the exit: the rest is not done, and the
// code is 0.
var _ = add(scenario{name: "exit-in-finalizer", differs: true, main: plain(func(context.Context) error {
	finalize.AtExit(saying("-1"), -1)
	finalize.AtExit(saying("0"), 0)
	finalize.AtExit(func() error {
		say("finalizer 1 exits with 3")
		multiproc.Exit(3)
		return nil
	}, 1)
	return nil
})})

// What the import of the main module registers runs in the child too.
var (
	_ = add(scenario{name: "import-time", main: func() {
		finalize.AtExit(saying("of the import"), 0)
		multiproc.Main(func(context.Context) error {
			return outcome(importTimeChild, "Process-1")
		})
	}})

	importTimeChild = multiproc.NewFunc("import-time", func(context.Context, none) (none, error) {
		finalize.AtExit(saying("of the function"), 0)
		return none{}, nil
	})
)

// In CPython a callback can't start a spawned process: the main module is gone.
var (
	_ = add(scenario{name: "start-in-finalizer", differs: true, main: plain(func(context.Context) error {
		finalize.AtExit(func() error { return outcome(quiet, "Process-1") }, 0)
		return nil
	})})

	quiet = multiproc.NewFunc("quiet", func(context.Context, none) (none, error) { return none{}, nil })
)

// Finalizers around children: those from 0 up run first, then daemons are
// terminated, then the others are joined, then the rest runs.
var (
	_ = add(scenario{name: "passes", main: plain(func(context.Context) error {
		mplog.LogToStderr(mplog.LevelDebug)
		say("exiting %s", title(multiproc.IsExiting()))
		for _, priority := range []int{-100, -1, 0, 10} {
			finalize.AtExit(func() error {
				say("finalizer %d, exiting %s, children %d",
					priority, title(multiproc.IsExiting()), len(multiproc.ActiveChildren()))
				return nil
			}, priority)
		}
		daemon, err := start(passesDaemon, multiproc.Options{Daemon: true})
		if err != nil {
			return err
		}
		_, err = start(passesChild, multiproc.Options{})
		finalize.AtExit(func() error {
			say("%s", exitcode(daemon))
			return nil
		}, -2)
		return errors.Join(err, hold("b"))
	})})

	// The daemon has gate a open until it dies.
	passesDaemon = multiproc.NewFunc("passes-daemon", func(ctx context.Context, _ none) (none, error) {
		f, err := os.OpenFile("a", os.O_WRONLY, 0)
		if err != nil {
			return none{}, err
		}
		<-ctx.Done()
		return none{}, f.Close()
	})
	passesChild = multiproc.NewFunc("passes-child", func(context.Context, none) (none, error) {
		f, err := os.Open("a")
		if err != nil {
			return none{}, err
		}
		defer f.Close()
		if err := release("b"); err != nil {
			return none{}, err
		}
		_, err = f.Read(make([]byte, 1)) // until the daemon is dead
		say("the daemon is gone: %v", err)
		return none{}, hold("joined")
	})
)

// title is a truth value as Python prints it.
func title(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
