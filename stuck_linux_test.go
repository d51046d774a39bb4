package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// Terminate does not wait, also for a child whose socket is full; and the kill
// comes in spite of that.
func TestTerminateOfAFullSocket(t *testing.T) {
	t.Parallel()
	c := lifeRunning(t, multiproc.Options{Grace: 10 * time.Millisecond})
	if err := errors.Join(c.Signal(syscall.SIGSTOP), untilStopped(c.PID())); err != nil {
		t.Fatal(err)
	}
	for range 5000 { // 278 filled the default buffer
		if err := c.Terminate(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Stop(lifeCtx(t)); err != nil {
		t.Error(err)
	}
	if s := c.Status(); s.Signal != syscall.SIGKILL {
		t.Errorf("%v", s)
	}
}

// stuckStray writes to the control socket what nobody understands, and then
// returns what no socket holds.
var stuckStray = multiproc.NewFunc("stuck-stray", func(_ context.Context, stray []byte) ([]byte, error) {
	const control = 3
	_, err := syscall.Write(control, stray)
	return make([]byte, 8<<20), err
})

func TestStrayBytesFromAChild(t *testing.T) {
	t.Parallel()
	for _, stray := range [][]byte{
		{99, 0, 0, 0, 0},
		{99, 0, 0, 1, 0},
		bytes.Repeat([]byte{255}, 5),
	} {
		c, err := stuckStray.Start(lifeCtx(t), stray)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Join(lifeCtx(t)); err != nil {
			t.Fatalf("% x: %v", stray, err)
		}
		if _, err := c.Result(lifeCtx(t)); err == nil {
			t.Errorf("% x: no error", stray)
		}
	}
}

// A cmd is good for one start, as in os/exec, which says so.
func TestStartCommandAgain(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	cmd.Dir = "/no/such"
	for _, want := range []string{"no such file", "already started"} {
		_, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
