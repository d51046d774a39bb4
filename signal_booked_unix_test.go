//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// bookedFails fails when the file is there.
var bookedFails = multiproc.NewFunc("booked-fails", func(ctx context.Context, gate string) (int, error) {
	awaitFile(ctx, gate)
	return 0, errors.New("booked: no luck")
})

// A signal that does nothing, or can't be sent, is no end from here: what the
// function does afterwards counts.
func TestSignalsThatDoNothing(t *testing.T) {
	t.Parallel()
	gate := filepath.Join(t.TempDir(), "gate")
	c, err := bookedFails.With(multiproc.Options{Method: multiproc.InProcess}).Start(lifeCtx(t), gate)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := c.Signal(syscall.SIGQUIT); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Signal(SIGQUIT) = %v", err)
	}
	openGate(t, gate)
	if err := c.Wait(lifeCtx(t)); err == nil || c.Status().Code != 1 {
		t.Errorf("Wait = %v, want code 1", err)
	}
}

// bookedProgram interrupts its child, which does not care and fails later.
var bookedProgram = logProgram("booked", logToWarn, func(ctx context.Context) error {
	gate := filepath.Join(os.Args[1], "gate")
	c, err := bookedFails.Start(ctx, gate)
	if err != nil {
		return err
	}
	return errors.Join(c.Signal(os.Interrupt), os.WriteFile(gate, nil, 0o666), c.Join(ctx))
})

func TestInterruptedChildFailed(t *testing.T) {
	t.Parallel()
	out, err := programCommand(t, bookedProgram, t.TempDir()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "event=child-failed") {
		t.Errorf("%v\n%s", err, out)
	}
}
