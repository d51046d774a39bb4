//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// lifeKinds are a function and a program that wait to be ended.
func lifeKinds(t *testing.T) map[string]*multiproc.Process {
	t.Helper()
	return map[string]*multiproc.Process{
		"Func":    lifeRunning(t, multiproc.Options{}).Process,
		"command": lifeCommand(t, multiproc.Options{}, "sleep", "1000"),
	}
}

// TESTS 87, 88, PAINS 31: each way to end a process, and what is to be seen.
func TestEndingAProcess(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		end  func(*multiproc.Process) error
		code int
	}{
		"Terminate": {(*multiproc.Process).Terminate, -15},
		"Kill":      {(*multiproc.Process).Kill, -9},
		"Signal":    {func(p *multiproc.Process) error { return p.Signal(syscall.SIGKILL) }, -9},
		"Stop":      {func(p *multiproc.Process) error { return p.Stop(lifeCtx(t)) }, -15},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, p := range lifeKinds(t) {
				over, cancel := context.WithCancel(t.Context())
				cancel()
				for range 2 { // join(0), which must not take it for dead
					if err := p.Join(over); !errors.Is(err, context.Canceled) || !p.Alive() {
						t.Errorf("%s: Join(over) = %v, Alive %v", kind, err, p.Alive())
					}
				}
				if err := way.end(p); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				for range 2 {
					if err := p.Join(lifeCtx(t)); err != nil {
						t.Errorf("%s: Join = %v", kind, err)
					}
				}
				if code, ok := p.ExitCode(); code != way.code || !ok || p.Alive() || lifeCount(p) != 0 {
					t.Errorf("%s: ExitCode = %d, %v; want %d; Alive %v", kind, code, ok, way.code, p.Alive())
				}
				var died *multiproc.ExitError
				if err := p.Wait(lifeCtx(t)); !errors.As(err, &died) || died.PID != p.PID() || died.Name != p.Name() {
					t.Errorf("%s: Wait = %v", kind, err)
				}
			}
		})
	}
}

// To end what has ended is no error; to signal it is. PAINS 19, TESTS 74.
func TestEndedProcess(t *testing.T) {
	t.Parallel()
	for kind, p := range lifeKinds(t) {
		if err := p.Stop(lifeCtx(t)); err != nil {
			t.Fatal(kind, err)
		}
		before := p.Status()
		for range 2 {
			if err := errors.Join(p.Terminate(), p.Kill(), p.Stop(lifeCtx(t)), p.Join(lifeCtx(t))); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			for _, sig := range []syscall.Signal{0, syscall.SIGTERM, syscall.SIGKILL} {
				if err := p.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
					t.Errorf("%s: Signal(%d) = %v, want os.ErrProcessDone", kind, sig, err)
				}
			}
		}
		if after := p.Status(); after != before {
			t.Errorf("%s: the status became %+v, was %+v", kind, after, before)
		}
	}
}

// Stop kills what does not listen, and its ctx ends the grace early.
func TestStopTheDeaf(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx   context.Context
		grace time.Duration
	}{
		"grace":    {t.Context(), 20 * time.Millisecond},
		"no grace": {t.Context(), -1},
		"ctx":      {over, time.Hour},
	} {
		deaf := filepath.Join(t.TempDir(), "deaf")
		p := lifeCommand(t, multiproc.Options{Grace: c.grace}, "sh", "-c", `trap '' TERM; : >"$0"; exec sleep 1000`, deaf)
		lifeHear(t, deaf)
		if err := p.Stop(c.ctx); err != nil || p.Alive() || p.Status().Signal != syscall.SIGKILL {
			t.Errorf("%s: Stop = %v, %v", name, err, p)
		}
	}
}

// lifeExit leaves with the code.
var lifeExit = multiproc.NewFunc("life-exit", func(_ context.Context, code int) (int, error) {
	multiproc.Exit(code)
	return 0, nil
})

// TESTS 95, PAINS 25: codes that don't fit never read as success.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	const large = 1 << (strconv.IntSize * 5 / 8) // 2^40, as far as there is room
	for code, want := range map[int]int{
		0: 0, 1: 1, 255: 255, 256: 255, 300: 255, -1: 255, large: 255, -large: 255, math.MaxInt: 255, math.MinInt: 255,
		-1 << 18: 255, 1 << 16: 255,
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			c := lifeStart(t, lifeExit, code)
			_, err := c.Result(lifeCtx(t))
			var died *multiproc.ExitError
			if !errors.As(err, &died) || died.Status.Code != want {
				t.Errorf("Result = %v, want code %d", err, want)
			}
			if err := c.Wait(lifeCtx(t)); (err == nil) != (want == 0) {
				t.Errorf("Wait = %v", err)
			}
			if got, ok := c.ExitCode(); got != want || !ok {
				t.Errorf("ExitCode = %d, %v; want %d", got, ok, want)
			}
		})
	}
}

// TESTS 96: what a signal ended, core dumps included, as os/exec tells it too.
func TestDeathBySignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGUSR1, 40} {
		for _, limit := range []string{"0", "unlimited"} {
			script := "ulimit -c " + limit + " 2>/dev/null; kill -" + strconv.Itoa(int(sig)) + " $$"
			plain := exec.Command("sh", "-c", script)
			plain.Dir = t.TempDir()
			if err := plain.Run(); err == nil {
				t.Fatalf("%v: nobody died", plain)
			}
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = t.TempDir()
			p, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Join(lifeCtx(t)); err != nil {
				t.Fatal(err)
			}
			s := p.Status()
			if code, ok := p.ExitCode(); code != -int(sig) || !ok || s.Signal != sig || s.Code != -1 {
				t.Errorf("%v: %d, %+v", sig, code, s)
			}
			if want := plain.ProcessState.Sys().(syscall.WaitStatus).CoreDump(); s.CoreDumped != want {
				t.Errorf("%v, ulimit -c %s: CoreDumped %v, want %v", sig, limit, s.CoreDumped, want)
			}
		}
	}
}
