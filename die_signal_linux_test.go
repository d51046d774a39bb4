package multiproc_test

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// TESTS 88, 96, PAINS 1: a signal from outside, which nobody here sent.
func TestKilledFromOutside(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSYS, syscall.SIGSEGV} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			c := lifeRunning(t, multiproc.Options{Stderr: &stderr})
			if err := syscall.Kill(c.PID(), sig); err != nil { // ours, and not reaped
				t.Fatal(err)
			}
			err := dieAskAll(t, c)
			ee, ok := errors.AsType[*multiproc.ExitError](err)
			if !ok || ee.PID != c.PID() || ee.Name != c.Name() || errors.Unwrap(ee) != nil {
				t.Fatalf("got %T %v", err, err)
			}
			if sig == syscall.SIGKILL {
				if code, known := c.ExitCode(); ee.Status.Signal != sig || code != -9 || !known || ee.Crash != "" || ee.Status.OutOfMemory {
					t.Errorf("%+v, code %d", ee, code)
				}
				return
			}
			dieWantCrash(t, err, map[syscall.Signal]string{syscall.SIGSYS: "SIGSYS: ", syscall.SIGSEGV: "SIGSEGV: "}[sig], "goroutine ")
		})
	}
}

// PAINS 37: exec of a child that fails is an error of Start, with the errno.
func TestExecFails(t *testing.T) {
	t.Parallel()
	const tooLong = 32 * 4096 // MAX_ARG_STRLEN, see execve(2)
	f := lifeWait.With(multiproc.Options{Env: []string{"LONG=" + strings.Repeat("x", tooLong)}})
	_, err := f.Start(lifeCtx(t), "")
	pe, ok := errors.AsType[*fs.PathError](err)
	if !errors.Is(err, syscall.E2BIG) || !ok || pe.Op != "fork/exec" || !strings.Contains(err.Error(), f.Name()) {
		t.Errorf("Start = %v", err)
	}
}
