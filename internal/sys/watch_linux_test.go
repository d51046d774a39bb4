package sys

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// command starts a script by the os package.
func command(t *testing.T, script string) *os.Process {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Release() })
	return cmd.Process
}

// ended waits until a child has ended, and leaves its status.
func ended(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWatchOfOneThatRuns(t *testing.T) {
	t.Parallel()
	p := Watch(command(t, "exec sleep 1000"))
	if p.fd == nil {
		t.Error("without a pidfd")
	}
	if err := p.Signal(unix.SIGTERM); err != nil {
		t.Error(err)
	}
	if exit := p.Wait(); exit.Signal != unix.SIGTERM {
		t.Errorf("%+v", exit)
	}
}

func TestWatchOfOneThatEnded(t *testing.T) {
	t.Parallel()
	proc := command(t, "exit 7")
	ended(t, proc.Pid)
	p := Watch(proc)
	if exit := p.Wait(); exit.Code != 7 || exit.Lost {
		t.Errorf("%+v", exit)
	}
}

// Somebody else took its status before the watch began: what the kernel still
// knows, it knows by the pidfd that the os package has.
func TestWatchOfOneThatWasReaped(t *testing.T) {
	t.Parallel()
	proc := command(t, "exit 7")
	if _, err := unix.Wait4(proc.Pid, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	p := Watch(proc)
	if err := p.Signal(unix.SIGKILL); !errors.Is(err, ErrProcessDone) {
		t.Errorf("Signal = %v", err)
	}
	want := Exit{Code: 7}
	if !keepsExit(t) {
		want = Exit{Lost: true}
	}
	if exit := p.Wait(); exit != want {
		t.Errorf("%+v, want %+v", exit, want)
	}
}

// The os package itself took the status: there is nothing left to hold.
func TestWatchOfOneThatWasWaitedFor(t *testing.T) {
	t.Parallel()
	proc := command(t, "exit 7")
	if _, err := proc.Wait(); err != nil {
		t.Fatal(err)
	}
	p := Watch(proc)
	if err := p.Signal(syscall.SIGKILL); !errors.Is(err, ErrProcessDone) {
		t.Errorf("Signal = %v", err)
	}
	if exit := p.Wait(); exit != (Exit{Lost: true}) {
		t.Errorf("%+v", exit)
	}
}
