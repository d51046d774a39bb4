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

// One that does not even clean up is killed.
func TestStoppedDaemonIsKilled(t *testing.T) {
	t.Parallel()
	s := stageProgram(t, exitStopped)
	s.await("stopped")
	s.signal(syscall.SIGTERM)
	s.end(-15).inOrder("MainProcess: terminate-daemon frozen", "MainProcess: kill frozen", "frozen: -9, true", "root f-1")
}

var exitStopped = exitMain("exit-stopped", multiproc.MainOptions{}, func(ctx context.Context, _ []string) error {
	markFinalizers("root")
	c, err := exitStart(context.Background(), exitPlan{Name: "frozen", Until: "deaf", Grace: 50 * time.Millisecond}, multiproc.Options{Daemon: true})
	if err != nil {
		return err
	}
	finalize.AtExit(func() error {
		code, ok := c.ExitCode()
		mark("frozen: %d, %v", code, ok)
		return nil
	}, -1)
	if err := errors.Join(c.Signal(syscall.SIGSTOP), untilStopped(c.PID())); err != nil {
		return err
	}
	mark("stopped")
	<-ctx.Done()
	return ctx.Err()
})
