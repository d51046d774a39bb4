//go:build unix

package multiproc_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

// exitLate is closed when all children have ended and the finalizers have run.
var exitLate = make(chan struct{})

// lateWriter takes nothing before that, and counts what it got.
type lateWriter struct{ n int }

func (w *lateWriter) Write(p []byte) (int, error) {
	<-exitLate
	w.n += len(p)
	mark("%d", w.n)
	return len(p), nil
}

var exitChatty = exitMain("exit-chatty", multiproc.MainOptions{}, func(_ context.Context, args []string) (err error) {
	finalize.AtExit(func() error { close(exitLate); return nil }, -100)
	if args[0] == "command" {
		cmd := exec.Command("head", "-c", "60000", "/dev/zero") // which fits into a pipe
		cmd.Stdout = &lateWriter{}
		_, err = multiproc.StartCommand(context.Background(), cmd, multiproc.Options{})
	} else {
		_, err = exitChatters.With(multiproc.Options{Stdout: &lateWriter{}}).Start(context.Background(), 60_000)
	}
	return err
})

var exitChatters = multiproc.NewFunc("exit-chatters", func(_ context.Context, n int) (int, error) {
	return os.Stdout.Write(make([]byte, n))
})

// What a child that was joined by the exit wrote is not lost.
func TestExitCopiesOutput(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"func", "command"} {
		stageProgram(t, exitChatty, kind).end(0).inOrder("60000")
	}
}

// A reader that never returns does not keep Join.
func TestStuckStdinHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	cmd := exec.Command("true")
	cmd.Stdin = r
	p, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{Grace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(lifeCtx(t)); err != nil {
		t.Error(err)
	}
}

var exitAlive = multiproc.NewFunc("exit-alive", func(ctx context.Context, _ int) (int, error) { return 0, ctx.Err() })

// A deadline and a Grace beyond what a number of nanoseconds can say.
func TestFarDeadlines(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 1<<63-1)
	defer cancel()
	c := castOf(t, exitPlan{Name: "far", Until: "ctx", Grace: 1<<63 - 1})
	if got := c.until("far ready"); len(got) == 0 {
		t.Error("it is not ready")
	}
	if err := c.Stop(ctx); err != nil {
		t.Error(err)
	}
	if got := c.until(); !containsAll(got, []string{"far f-100"}) {
		t.Errorf("its finalizers did not run: %q", got)
	}
	if _, err := exitAlive.Call(ctx, 0); err != nil {
		t.Errorf("the child's ctx: %v", err)
	}
}
