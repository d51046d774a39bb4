package sys

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWaitTellsHowItEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		want   Exit
	}{
		{"exit 0", Exit{}},
		{"exit 7", Exit{Code: 7}},
		{"exit 255", Exit{Code: 255}},
		{"kill -KILL $$", Exit{Code: -1, Signal: unix.SIGKILL}},
		{"kill -TERM $$", Exit{Code: -1, Signal: unix.SIGTERM}},
		{"ulimit -c 0; kill -ABRT $$", Exit{Code: -1, Signal: unix.SIGABRT}},
		{"kill -CONT $$; exit 3", Exit{Code: 3}},
	} {
		p := startShell(t, c.script)
		got := p.Wait()
		if got.MaxRSS < 256<<10 || got.MaxRSS > 1<<30 {
			t.Errorf("%s: %d bytes", c.script, got.MaxRSS)
		}
		got.User, got.Sys, got.MaxRSS = 0, 0, 0
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.script, got, c.want)
		}
	}
}

func TestWaitTellsTheTimesOfChildren(t *testing.T) {
	t.Parallel()
	p := startShell(t, `sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'; exit 0`)
	if exit := p.Wait(); exit.User+exit.Sys <= 0 || exit.User+exit.Sys > time.Hour {
		t.Errorf("%+v", exit)
	}
}

// One that is stopped has not ended.
func TestStoppedIsNotEnded(t *testing.T) {
	t.Parallel()
	p := startShell(t, "kill -STOP $$; exit 5")
	var info siginfo
	if err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	err := p.control(func(fd int) {
		if Readable(fd) {
			t.Error("the pidfd of a stopped process is readable")
		}
		if err := waitid(fd, &info, unix.WEXITED|unix.WNOHANG, nil); err != nil || info.pid != 0 {
			t.Errorf("waitid = %+v, %v", info, err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := p.Signal(unix.SIGCONT); err != nil {
		t.Error(err)
	}
	if exit := p.Wait(); exit.Code != 5 {
		t.Errorf("%+v", exit)
	}
}

func TestSignalAtEachStage(t *testing.T) {
	t.Parallel()
	p := startShell(t, "exec sleep 1000")
	if err := p.Signal(0); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := p.Signal(999); !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "pidfd_send_signal") {
		t.Errorf("what is no signal: %v", err)
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Errorf("before its status is taken: %v", err)
	}
	if exit := p.Wait(); exit.Signal != unix.SIGKILL {
		t.Errorf("%+v", exit)
	}
	if err := p.Signal(unix.SIGKILL); !errors.Is(err, ErrProcessDone) {
		t.Errorf("after Wait: %v", err)
	}
	if err := p.pidfdSignal(unix.SIGKILL, 0); !errors.Is(err, ErrProcessDone) {
		t.Errorf("with the pidfd closed: %v", err)
	}
	if exit := p.pidfdWait(); exit != (Exit{Lost: true}) {
		t.Errorf("with the pidfd closed: %+v", exit)
	}
}

// Signals from many goroutines while the status is taken are sent or refused;
// none goes to another process, for the pidfd is not closed beneath them.
func TestSignalBesideWait(t *testing.T) {
	t.Parallel()
	for range 20 {
		p := startShell(t, "exec sleep 1000")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for {
					if err := p.Signal(unix.SIGKILL); errors.Is(err, ErrProcessDone) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					runtime.Gosched()
				}
			})
		}
		if exit := p.Wait(); exit.Signal != unix.SIGKILL || exit.Lost {
			t.Errorf("%+v", exit)
		}
		group.Wait()
	}
}

// Where the runtime's poller does not take the descriptor.
func TestWaitWithoutThePoller(t *testing.T) {
	t.Parallel()
	spec := shell(t, "read x; exit 7", nil)
	r, w := pipe(t)
	spec.Files[0] = int(r.Fd())
	started, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer started.Release()
	fd, err := unix.PidfdOpen(started.PID, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proc{PID: started.PID, fd: os.NewFile(uintptr(fd), "pidfd")} // blocking: not for the poller
	done := make(chan Exit, 1)
	go func() { done <- p.Wait() }()
	r.Close()
	w.Close()
	if exit := <-done; exit.Code != 7 {
		t.Errorf("%+v", exit)
	}
}
