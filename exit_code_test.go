//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"testing"

	"multiproc"
	"multiproc/finalize"
)

// coded is an error that says what to exit with.
type coded int

func (c coded) Error() string { return fmt.Sprint("coded ", int(c)) }
func (c coded) ExitCode() int { return int(c) }

// exitCodes are what run may end with, and what becomes of it.
var exitCodes = map[string]struct {
	run  func() error
	code int
	says string
}{
	"nil":         {func() error { return nil }, 0, ""},
	"error":       {func() error { return errors.New("no luck") }, 1, ": no luck\n"},
	"coder":       {func() error { return fmt.Errorf("deep: %w", coded(42)) }, 42, ": deep: coded 42\n"},
	"large coder": {func() error { return coded(300) }, 255, ": coded 300\n"},
	"minus coder": {func() error { return coded(-2) }, 255, ": coded -2\n"},
	"unasked":     {func() error { return context.Canceled }, 1, ": context canceled\n"},
	"exit 255":    {func() error { multiproc.Exit(255); return nil }, 255, ""},
	"exit 256":    {func() error { multiproc.Exit(256); return nil }, 255, ""},
	"exit max":    {func() error { multiproc.Exit(math.MaxInt &^ 255); return nil }, 255, ""},
	"exit -1":     {func() error { multiproc.Exit(-1); return nil }, 255, ""},
	"panic":       {func() error { panic(errors.New("boom")) }, 2, "panic: boom"},
	"panic nil":   {func() error { panic(nil) }, 2, "panic called with nil argument"},
	"panic nil error": {func() error { // whose Error method panics in its turn
		var none *fs.PathError
		panic(error(none))
	}, 2, "panic while printing panic value"},
	"many": {func() error {
		for range 10 {
			go multiproc.Exit(9)
		}
		select {}
	}, 9, ""},
	"deferred": {func() error {
		deferred := make(chan struct{}) // nobody but a finalizer waits for it
		finalize.AtExit(func() error { <-deferred; return nil }, 0)
		defer close(deferred)
		defer mark("deferred")
		multiproc.Exit(3)
		return nil
	}, 3, "mark: deferred\n"},
	"child in finalizer": {func() error {
		finalize.AtExit(func() error {
			v, err := exitActor.Call(context.Background(), exitPlan{Name: "late", Until: "return"})
			mark("late child: %s, %v", v, err)
			return nil
		}, 0)
		return nil
	}, 0, "mark: late child: value, <nil>\n"},
	"child in last finalizer": {func() error { // nobody waits for that one any more
		finalize.AtExit(func() error {
			_, err := exitStart(context.Background(), exitPlan{Name: "late", Until: "ctx"}, multiproc.Options{})
			return err
		}, -101)
		return nil
	}, 0, "event=terminate-child child=late"},
}

var exitCode = exitMain("exit-code", multiproc.MainOptions{}, func(_ context.Context, args []string) error {
	markFinalizers("root")
	return exitCodes[args[0]].run()
})

// TESTS 89-95: each end has its code, and its finalizers.
func TestExitCodesOfMain(t *testing.T) {
	t.Parallel()
	for name, c := range exitCodes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageProgram(t, exitCode, name).end(c.code)
			s.inOrder(markedFinalizers("root")...)
			s.says(c.says)
		})
	}
}

var exitFailing = exitMain("exit-failing", multiproc.MainOptions{}, func(_ context.Context, args []string) error {
	finalize.AtExit(func() error { mark("last"); return nil }, -9)
	finalize.AtExit(func() error { panic("finalizer broke") }, -1)
	finalize.AtExit(func() error { return errors.New("finalizer failed") }, 1)
	if args[0] == "exit" {
		multiproc.Exit(3)
	}
	return nil
})

// TESTS 82, PAINS 28: what fails in a finalizer is said, stops nobody, and
// changes no code.
func TestFailingFinalizersChangeNoCode(t *testing.T) {
	t.Parallel()
	for how, code := range map[string]int{"return": 0, "exit": 3} {
		s := stageProgram(t, exitFailing, how).end(code)
		s.inOrder("last")
		s.says("finalizer broke")
		s.says("finalizer failed")
	}
}

// exitRefused starts processes while it waits for a child.
var exitRefused = exitMain("exit-refused", multiproc.MainOptions{}, func(ctx context.Context, args []string) error {
	_, err := exitStart(ctx, exitPlan{Name: "other", Until: "gate", Gate: args[0]}, multiproc.Options{})
	finalize.AtExit(func() error { mark("after the join"); return nil }, -1)
	go func() {
		awaitFile(ctx, args[1])
		_, err := exitStart(ctx, exitPlan{Name: "refused", Until: "return"}, multiproc.Options{})
		mark("start: %v, exiting: %v", errors.Is(err, multiproc.ErrExiting), multiproc.IsExiting())
	}()
	return err
})

// Who is no finalizer starts nothing any more.
func TestStartWhileExiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := stageProgram(t, exitRefused, dir+"/other", dir+"/try")
	s.await("MainProcess: join other")
	openGate(t, dir+"/try")
	s.await("start: true, exiting: true")
	openGate(t, dir+"/other")
	s.end(0).inOrder("start: true, exiting: true", "after the join")
	s.without("refused ready")
}
