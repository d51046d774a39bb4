//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

// exitAsked waits to be asked and ends as the first argument says. Each other
// one is a child: a plan's Until.
func exitAsked(opts multiproc.MainOptions, grace time.Duration) func(name string) string {
	return func(name string) string {
		return exitMain(name, opts, func(ctx context.Context, args []string) error {
			markFinalizers("root")
			for _, until := range args[1:] {
				c, err := exitStart(context.Background(), exitPlan{Name: until, Until: until, Grace: grace}, multiproc.Options{Daemon: true})
				if err != nil {
					return err
				}
				finalize.AtExit(func() error {
					code, ok := c.ExitCode()
					mark("%s: %d, %v", c.Name(), code, ok)
					return nil
				}, -1)
			}
			mark("root ready")
			<-ctx.Done()
			mark("cause: %v, %v", context.Cause(ctx), errors.Is(context.Cause(ctx), multiproc.ErrTerminated))
			switch args[0] {
			case "deaf":
				select {}
			case "nil":
				return nil
			case "fail":
				return errors.New("no luck")
			case "panic":
				exitPanicking()
			case "exit":
				multiproc.Exit(3)
			}
			return ctx.Err()
		})
	}
}

var (
	exitPatient   = exitAsked(multiproc.MainOptions{Grace: time.Hour}, time.Hour)("exit-patient")
	exitImpatient = exitAsked(multiproc.MainOptions{Grace: 50 * time.Millisecond}, time.Second)("exit-impatient")
)

// After a signal the code is run's, unless it only passes the signal on.
func TestExitCodeAfterASignal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how    string
		signal syscall.Signal
		code   int
	}{
		{"nil", syscall.SIGTERM, 0},
		{"fail", syscall.SIGINT, 1},
		{"panic", syscall.SIGTERM, 2},
		{"exit", syscall.SIGHUP, 3},
		{"canceled", syscall.SIGINT, -2},
		{"canceled", syscall.SIGTERM, -15},
	} {
		s := stageProgram(t, exitPatient, c.how)
		s.await("root ready")
		s.signal(c.signal)
		s.end(c.code)
		s.inOrder(append([]string{"cause: multiproc: got signal " + c.signal.String() + ", true"}, markedFinalizers("root")...)...)
	}
}

// PAINS 26: neither a deaf run nor a deaf child keeps an asked exit from its end.
func TestDeafAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := stageProgram(t, exitImpatient, "deaf", "deaf")
	s.await("root ready", "deaf ready")
	s.signal(syscall.SIGTERM)
	s.end(-15)
	s.inOrder("root f0", "MainProcess: terminate-daemon deaf", "deaf: -15, true", "root f-1", "root f-100")
	s.inOrder("MainProcess: terminate-daemon deaf", "deaf f10", "deaf f-100", "deaf: -15, true") // its finalizers run nevertheless
}

// The second signal ends all waiting: for run, for daemons, for the others.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitPatient, "deaf")
		s.await("root ready")
		s.signal(syscall.SIGINT)
		s.await("cause: multiproc: got signal interrupt, true")
		s.signal(syscall.SIGTERM)
		s.end(-2).inOrder(markedFinalizers("root")...)
	})
	t.Run("daemon", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitPatient, "canceled", "deaf")
		s.await("root ready", "deaf ready")
		s.signal(syscall.SIGTERM)
		s.await("MainProcess: terminate-daemon deaf")
		s.signal(syscall.SIGTERM)
		s.end(-15).inOrder("MainProcess: kill deaf", "deaf: -9, true", "root f-1", "root f-100")
	})
	t.Run("join", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitJoins)
		s.await("MainProcess: join deaf", "deaf ready")
		s.signal(syscall.SIGTERM)
		s.await("MainProcess: terminate-child deaf")
		s.signal(syscall.SIGTERM)
		s.await("MainProcess: kill deaf")
		s.end(0).inOrder("MainProcess: kill deaf", "root f-1", "root f-100")
	})
}

// exitJoins returns at once, and has a child that never ends by itself.
var exitJoins = exitMain("exit-joins", multiproc.MainOptions{}, func(context.Context, []string) error {
	markFinalizers("root")
	_, err := exitStart(context.Background(), exitPlan{Name: "deaf", Until: "deaf", Grace: time.Hour}, multiproc.Options{})
	return err
})
