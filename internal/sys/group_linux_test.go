package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A kin is a process that somebody else started, held by a pidfd.
type kin struct{ fd int }

// ended waits for its end, for a minute at most: a zombie has ended.
func (k kin) ended() bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLIN}}, 60_000)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

func (k kin) runs() bool { return !Readable(k.fd) }

func (k kin) kill() {
	_ = unix.PidfdSendSignal(k.fd, unix.SIGKILL, nil, 0)
	_ = unix.Close(k.fd)
}

// startFamily starts a script that tells the pids of those that it started.
func startFamily(script string, count int) (leader *Proc, kids []kin, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	null, err := OpenNull()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = Close(null) }()
	files := []int{null, 0, null}
	if conn, err := w.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { files[1] = int(fd) })
	}
	leader, err = Start(&Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: os.Environ(), Files: files})
	w.Close()
	if err != nil {
		return nil, nil, err
	}
	for range count {
		var pid int
		if _, err := fmt.Fscan(r, &pid); err != nil {
			return nil, nil, err
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return nil, nil, err
		}
		kids = append(kids, kin{fd})
	}
	return leader, kids, nil
}

func mustFamily(t *testing.T, script string, count int) (*Proc, []kin) {
	t.Helper()
	leader, kids, err := startFamily(script, count)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, k := range kids {
			k.kill()
		}
	})
	return leader, kids
}

const (
	// Two sleepers, who hold no pipe, and a leader that waits for them.
	familyRuns = "sleep 1000 >/dev/null & echo $!; sleep 1001 >/dev/null & echo $!; wait"
	// Two sleepers, one of them deaf to SIGTERM, whose leader is gone.
	familyLeft = "sleep 1000 >/dev/null & echo $!; (trap '' TERM; exec sh -c 'echo $$; exec sleep 1001 >/dev/null') & exit 7"
)

func TestSignalGroupReachesAll(t *testing.T) {
	t.Parallel()
	stranger := startShell(t, "exec sleep 1000")
	leader, kids := mustFamily(t, familyRuns, 2)
	if err := leader.SignalGroup(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if exit := leader.Wait(); exit.Signal != unix.SIGTERM {
		t.Errorf("%+v", exit)
	}
	for _, k := range kids {
		if !k.ended() {
			t.Error("one goes on")
		}
	}
	for _, err := range []error{leader.SignalGroup(unix.SIGTERM), leader.KillGroup()} {
		if !errors.Is(err, ErrProcessDone) {
			t.Errorf("afterwards: %v", err)
		}
	}
	if err := stranger.Signal(0); err != nil {
		t.Errorf("a stranger: %v", err)
	}
	_ = stranger.KillGroup()
	if exit := stranger.Wait(); exit.Signal != unix.SIGKILL {
		t.Errorf("a stranger: %+v", exit)
	}
}

// The group of a leader that was reaped, by us or by somebody else.
func TestGroupOutlivesItsLeader(t *testing.T) {
	t.Parallel()
	if !hasGroupSignals() {
		t.Skip("Linux 6.9 has this") // what is below it, TestGroupsInSandboxes has
	}
	for _, stolen := range []bool{false, true} {
		leader, kids := mustFamily(t, familyLeft, 2)
		if stolen {
			if _, err := unix.Wait4(leader.PID, nil, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		exit, left := leader.Reap(func() syscall.Signal { return unix.SIGTERM })
		if exit.Code != 7 && (!stolen || !exit.Lost) || !left {
			t.Errorf("%+v, left %v", exit, left)
		}
		if !kids[0].ended() || !kids[1].runs() {
			t.Error("SIGTERM went elsewhere")
		}
		if err := leader.Signal(0); !errors.Is(err, ErrProcessDone) {
			t.Errorf("the leader: %v", err)
		}
		if err := leader.KillGroup(); !errors.Is(err, ErrProcessDone) {
			t.Errorf("KillGroup speaks of the leader: %v", err)
		}
		if !kids[1].ended() {
			t.Error("SIGKILL did nothing")
		}
		leader.Release()
		if err := leader.SignalGroup(0); !errors.Is(err, ErrProcessDone) {
			t.Errorf("released: %v", err)
		}
	}
}

// An empty group is told from one that somebody is left in.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	leader, _ := mustFamily(t, "exit 7", 0)
	exit, left := leader.Reap(func() syscall.Signal { return unix.SIGTERM })
	if exit.Code != 7 || left {
		t.Errorf("%+v, left %v", exit, left)
	}
	leader.Release()
}

// One that leads no group gets the signal alone: here the group is the test's.
func TestSignalGroupOfNoLeader(t *testing.T) {
	t.Parallel()
	for what, signal := range map[string]func(*Proc) error{
		"SignalGroup": func(p *Proc) error { return p.SignalGroup(unix.SIGKILL) },
		"KillGroup":   (*Proc).KillGroup,
	} {
		p := Watch(command(t, "exec sleep 1000"))
		if err := signal(p); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if exit := p.Wait(); exit.Signal != unix.SIGKILL {
			t.Errorf("%s: %+v", what, exit)
		}
	}
}

func TestLeadsGroup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attr *syscall.SysProcAttr
		want bool
	}{
		{nil, false},
		{&syscall.SysProcAttr{}, false},
		{OwnGroup(false), true},
		{OwnGroup(true), true},
		{&syscall.SysProcAttr{Setpgid: true, Pgid: 7}, false},
		{&syscall.SysProcAttr{Pgid: 7, Setsid: true}, true},
		{&syscall.SysProcAttr{Foreground: true}, true},
	} {
		if got := LeadsGroup(c.attr); got != c.want {
			t.Errorf("%+v: %v", c.attr, got)
		}
	}
}
