package sys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
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

// Nobody but its parent can take its status, and yet Wait ends when it does.
func TestWatchOfSomebodyElsesChild(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	in, hold := pipe(t)
	spec := shell(t, "{ read x; exit 7; } <&3 & echo $!; wait $!; exit 0", w)
	spec.Files = append(spec.Files, int(in.Fd()))
	parent, err := Start(spec)
	w.Close()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(r, &pid); err != nil {
		t.Fatal(err)
	}
	proc, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = proc.Release() }()
	p := Watch(proc)
	done := make(chan Exit, 1)
	go func() { done <- p.Wait() }()
	if err := p.Signal(0); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	// It runs on until the wait is seen to block, or to be over too early.
	stacks := make([]byte, 1<<20)
	for blocked := false; !blocked && len(done) == 0; runtime.Gosched() {
		for stack := range bytes.SplitSeq(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
			blocked = blocked || bytes.Contains(stack, []byte("SomebodyElsesChild.func")) && bytes.Contains(stack, []byte("[IO wait"))
		}
	}
	hold.Close()
	want := Exit{Code: 7}
	if !keepsExit(t) {
		want = Exit{Lost: true}
	}
	if exit := <-done; exit != want {
		t.Errorf("%+v, want %+v", exit, want)
	}
	if exit := parent.Wait(); exit.Code != 0 {
		t.Errorf("its parent: %+v", exit)
	}
}
