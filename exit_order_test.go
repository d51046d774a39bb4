//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"multiproc"
	"multiproc/finalize"
)

// exitWays are the ways in which a program leaves, and what it ends with.
var exitWays = map[string]struct {
	code   int
	signal syscall.Signal // sent when it is ready
	leave  func(ctx context.Context) error
}{
	"return":  {0, 0, func(context.Context) error { return nil }},
	"error":   {1, 0, func(context.Context) error { return errors.New("no luck") }},
	"panic":   {2, 0, func(context.Context) error { return exitPanicking() }},
	"goexit":  {1, 0, func(context.Context) error { runtime.Goexit(); return nil }},
	"exit":    {3, 0, func(context.Context) error { multiproc.Exit(3); return nil }},
	"another": {4, 0, func(context.Context) error { go multiproc.Exit(4); select {} }},
	"finalizer": {5, 0, func(context.Context) error {
		finalize.AtExit(func() error { multiproc.Exit(5); return nil }, 0).Call()
		return nil
	}},
	"again": {6, 0, func(context.Context) error { // the first code counts
		finalize.AtExit(func() error { multiproc.Exit(7); return nil }, 0)
		finalize.AtExit(func() error { multiproc.Exit(8); return nil }, -1)
		multiproc.Exit(6)
		return nil
	}},
	"interrupt": {-2, syscall.SIGINT, untilAsked},
	"terminate": {-15, syscall.SIGTERM, untilAsked},
	"hang up":   {-1, syscall.SIGHUP, untilAsked},
}

func exitPanicking() error { panic("at the exit") }

func untilAsked(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

var exitWay = exitMain("exit-way", multiproc.MainOptions{}, func(ctx context.Context, args []string) error {
	markFinalizers("root")
	for _, c := range []struct {
		plan   exitPlan
		daemon bool
	}{
		{exitPlan{Name: "other", Until: "gate", Gate: args[1]}, false},
		{exitPlan{Name: "daemon", Until: "ctx"}, true},
	} {
		child, err := exitStart(context.Background(), c.plan, multiproc.Options{Daemon: c.daemon})
		if err != nil {
			return err
		}
		finalize.AtExit(func() error {
			code, _ := child.ExitCode()
			mark("%s has ended with %d, exiting %v", child.Name(), code, multiproc.IsExiting())
			return nil
		}, -1)
	}
	mark("exiting %v", multiproc.IsExiting())
	if exitWays[args[0]].signal == 0 { // else the signal says when
		awaitFile(ctx, args[2])
	}
	return exitWays[args[0]].leave(ctx)
})

// PAINS 26, 27, TESTS 80: one order, whatever the way out.
func TestExitOrder(t *testing.T) {
	t.Parallel()
	for name, way := range exitWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			gate, leave := filepath.Join(dir, "gate"), filepath.Join(dir, "leave")
			s := stageProgram(t, exitWay, name, gate, leave)
			s.await("daemon ready", "other ready")
			openGate(t, leave)
			end := []string{"other has ended with 0, exiting true"}
			if way.signal != 0 {
				s.signal(way.signal)
				end = []string{"MainProcess: terminate-child other", "other has ended with -15, exiting true"}
			} else {
				s.await("MainProcess: join other")
				s.without("root f-1") // it waits for the child
				openGate(t, gate)
			}
			s.end(way.code)
			s.inOrder(slices.Concat([]string{
				"exiting false",
				"MainProcess: shutdown",
				"root f10", "root f0",
				"MainProcess: terminate-daemon daemon", "daemon ctx: multiproc: terminated", "daemon f-100",
			}, end[len(end)-1:], []string{"root f-1", "root f-5", "root added", "root f-100"})...)
			s.inOrder(append([]string{"root f0"}, append(end, "root f-1")...)...)
			s.inOrder("root f0", "other f10", "other f-100", end[len(end)-1], "root f-1")
			s.says("daemon has ended with -15, exiting true\n")
			if way.signal == 0 {
				s.without("MainProcess: terminate-child other")
				s.inOrder("daemon f-100", "MainProcess: join other", "other f-100")
			}
			if name == "panic" {
				s.inOrder("root f-100", "panic: at the exit")
				s.says("multiproc_test.exitPanicking")
				s.says("goroutine ")
			}
		})
	}
}
