//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// A signal that comes from elsewhere than the parent asks a child to end, too.
func TestBareSignalToAChild(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			sub := exitPlan{Name: "sub", Until: "ctx"}
			child := castOf(t, exitPlan{Name: "child", Until: "ctx", Sub: []exitPlan{sub}, Grace: time.Hour})
			child.until("child ready", "sub ready")
			if err := child.Signal(sig); err != nil {
				t.Error(err)
			}
			got := child.until()
			want := []string{"child ctx: multiproc: terminated", "child f0", "child saw sub end: -15 true", "child f-100"}
			if !slices.Equal(only(got, want), want) || !containsAll(got, []string{"sub f10", "sub f-100"}) {
				t.Errorf("got %q, want %q", got, want)
			}
			if code, ok := child.ExitCode(); code != -int(sig) || !ok {
				t.Errorf("exit code %d, %v", code, ok)
			}
		})
	}
}

// The second one ends all waiting in a child: for its function, and for its own
// children.
func TestSecondBareSignalToAChild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		until string // of the child
		heard string // before the second signal
	}{
		{"ctx-deaf", "child ctx: multiproc: terminated"},
		{"ctx", "sub ctx: multiproc: terminated"},
	} {
		t.Run(c.until, func(t *testing.T) {
			t.Parallel()
			sub := exitPlan{Name: "sub", Until: "ctx-deaf", Grace: time.Hour}
			child := castOf(t, exitPlan{Name: "child", Until: c.until, Sub: []exitPlan{sub}, Grace: time.Hour})
			got := child.until("child ready", "sub ready")
			if err := child.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			got = append(got, child.until(c.heard)...)
			if err := child.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			got = append(got, child.until()...)
			want := []string{"child f0", "child saw sub end: -9 true", "child f-100"}
			if !slices.Equal(only(got, want), want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if code, ok := child.ExitCode(); code != -15 || !ok {
				t.Errorf("exit code %d, %v", code, ok)
			}
		})
	}
}

// only is what of the list is wanted.
func only(list, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(wanted, s) })
}

// exitUninterrupted says that it is ready by a file, and goes on after SIGINT.
var exitUninterrupted = multiproc.NewFunc("exit-uninterrupted", func(ctx context.Context, ready string) (string, error) {
	err := exec.CommandContext(ctx, "sh", "-c", "kill -INT $$").Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || endCode(exit.ProcessState) != -2 {
		return "what the child starts is deaf", err
	}
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT)
	if err := lifeTell(ready, ""); err != nil {
		return "", err
	}
	<-heard
	return "uninterrupted", ctx.Err()
})

var exitTerminal = exitMain("exit-terminal", multiproc.MainOptions{}, func(ctx context.Context, args []string) error {
	c, err := exitUninterrupted.Start(ctx, args[0])
	if err != nil {
		return err
	}
	awaitFile(ctx, args[0])
	if err := c.Signal(syscall.SIGINT); err != nil {
		return err
	}
	result, err := c.Result(ctx)
	mark("result: %s, %v", result, err)
	return c.Wait(ctx)
})

// SIGINT comes from a terminal to all processes at once, and is the main one's
// affair. Children don't ignore it: that would be inherited.
func TestInterruptIsLeftToTheParent(t *testing.T) {
	t.Parallel()
	s := stageProgram(t, exitTerminal, t.TempDir()+"/ready").end(0)
	s.inOrder("result: uninterrupted, <nil>")
}
