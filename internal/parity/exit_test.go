//go:build unix

package parity_test

import (
	"context"
	"errors"
	"math"
	"os"
	"syscall"

	"multiproc"
	"multiproc/finalize"
)

// Exit codes of children: how the function ended, and which signal.
var (
	_ = add(scenario{name: "exit-codes", main: plain(func(context.Context) error {
		err := errors.Join(outcome(returns, "returns"), outcome(fails, "fails"), outcome(panics, "panics"),
			outcome(exits, "exits-0"), outcome(exits, "exits-1"), outcome(exits, "exits-7"), outcome(exits, "exits-255"))
		return errors.Join(err,
			ended(waits, "terminated", (*multiproc.Process).Terminate),
			ended(waits, "killed", (*multiproc.Process).Kill))
	})})

	returns = multiproc.NewFunc("returns", func(context.Context, none) (none, error) { return none{}, nil })
	fails   = multiproc.NewFunc("fails", func(context.Context, none) (none, error) { return none{}, errors.New("it broke") })
	panics  = multiproc.NewFunc("panics", func(context.Context, none) (none, error) { panic("it broke") })
	exits   = multiproc.NewFunc("exits", func(context.Context, none) (none, error) {
		multiproc.Exit(codes[multiproc.CurrentProcess().Name()])
		return none{}, nil
	})
	waits = multiproc.NewFunc("waits", waitInGate)
)

var codes = map[string]int{
	"exits-0": 0, "exits-1": 1, "exits-7": 7, "exits-255": 255,
	"exits-256": 256, "exits-300": 300, "exits-minus-1": -1, "exits-largest": math.MaxInt,
}

// waitInGate opens gate a and waits to be ended.
func waitInGate(ctx context.Context, _ none) (none, error) {
	if err := release("a"); err != nil {
		return none{}, err
	}
	<-ctx.Done()
	return none{}, nil
}

// ended starts a function that opens gate a when it runs, ends it, and says its
// exit code.
func ended(f *multiproc.Func[none, none], name string, end func(*multiproc.Process) error) error {
	p, err := start(f, multiproc.Options{Name: name})
	if err != nil {
		return err
	}
	if err := errors.Join(hold("a"), end(p), p.Join(context.Background())); err != nil {
		return err
	}
	say("%s", exitcode(p))
	return nil
}

// In CPython a code that is no byte is cut to one, which may read as success.
// TESTS 95, PAINS 25.
var _ = add(scenario{name: "exit-codes-out-of-range", differs: true, main: plain(func(context.Context) error {
	return errors.Join(outcome(exits, "exits-256"), outcome(exits, "exits-300"),
		outcome(exits, "exits-minus-1"), outcome(exits, "exits-largest"))
})})

// In CPython terminate is a plain SIGTERM: the child does no clean-up.
var (
	_ = add(scenario{name: "terminate", differs: true, main: plain(func(context.Context) error {
		return ended(tidies, "Process-1", (*multiproc.Process).Terminate)
	})})

	tidies = multiproc.NewFunc("tidies", func(ctx context.Context, _ none) (none, error) {
		finalize.AtExit(saying("of "+multiproc.CurrentProcess().Name()), 0)
		return waitInGate(ctx, none{})
	})
)

// In CPython SIGINT ends a child, as the terminal sends it to all processes.
// PAINS 24.
var (
	_ = add(scenario{name: "interrupt", differs: true, main: plain(func(context.Context) error {
		return ended(interrupted, "Process-1", func(p *multiproc.Process) error {
			return errors.Join(p.Signal(os.Interrupt), quitGate(p))
		})
	})})

	interrupted = multiproc.NewFunc("interrupted", func(context.Context, none) (none, error) {
		if err := release("a"); err != nil {
			return none{}, err
		}
		return none{}, hold("b")
	})
)

// quitGate opens gate b for a process, unless that has ended.
func quitGate(p *multiproc.Process) error {
	done := make(chan error, 1)
	go func() { done <- release("b") }()
	select {
	case err := <-done:
		return err
	case <-p.Done():
		return nil
	}
}

// How main ends: finalizers run, and the code is the same.
var (
	_ = add(scenario{
		name: "main", main: plain(mainEnds),
		runs: []string{"return", "fail", "exit-3", "interrupt"},
	})
	// In CPython SIGTERM ends main without any clean-up; and what an uncaught
	// exception does, Go programs do by an error, while a panic has code 2.
	_ = add(scenario{name: "main-differs", differs: true, main: plain(mainEnds), runs: []string{"terminate", "panic"}})
)

func mainEnds(ctx context.Context) error {
	finalize.AtExit(saying("0"), 0)
	finalize.AtExit(saying("-1"), -1)
	bySignal := func(sig syscall.Signal) error {
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	switch os.Args[1] {
	case "fail":
		return errors.New("it broke")
	case "exit-3":
		multiproc.Exit(3)
	case "interrupt":
		return bySignal(syscall.SIGINT)
	case "terminate":
		return bySignal(syscall.SIGTERM)
	case "panic":
		panic("it broke")
	}
	return nil
}
