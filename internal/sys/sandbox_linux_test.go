package sys

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/internal/sandbox"
)

// sandboxes refuse a part of what pidfds need, as old kernels and the filters
// of containers do.
var sandboxes = map[string]struct {
	call  uint32
	arg   uint32 // which argument to look at
	value int64  // for which it is refused
	errno syscall.Errno
}{
	"no pidfd_open":           {unix.SYS_PIDFD_OPEN, 0, sandbox.Any, unix.ENOSYS},
	"no P_PIDFD":              {unix.SYS_WAITID, 0, unix.P_PIDFD, unix.EINVAL},
	"pidfd_send_signal":       {unix.SYS_PIDFD_SEND_SIGNAL, 0, sandbox.Any, unix.EPERM},
	"waitid by pidfd refused": {unix.SYS_WAITID, 0, unix.P_PIDFD, unix.EPERM},
	"no groups of pidfds":     {unix.SYS_PIDFD_SEND_SIGNAL, 3, unix.PIDFD_SIGNAL_PROCESS_GROUP, unix.EINVAL},
}

func init() {
	for name, s := range sandboxes {
		roles["sandbox: "+name] = func() {
			if err := sandbox.RefuseWhere(s.call, s.arg, s.value, s.errno); err != nil {
				fmt.Print(err)
				return
			}
			fmt.Print(playSandboxed())
		}
		roles["groups: "+name] = func() {
			if err := sandbox.RefuseWhere(s.call, s.arg, s.value, s.errno); err != nil {
				fmt.Print(err)
				return
			}
			fmt.Print(playGroups())
		}
	}
}

// playSandboxed starts, signals and waits, and tells how it went.
func playSandboxed() string {
	null, err := OpenNull()
	if err != nil {
		return err.Error()
	}
	sh := func(script string) *Spec {
		return &Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Files: []int{null, null, null}}
	}
	exits, err1 := Start(sh("exit 7"))
	sleeps, err2 := Start(sh("exec sleep 1000"))
	cmd := exec.Command("sleep", "1000")
	if err3 := cmd.Start(); err1 != nil || err2 != nil || err3 != nil {
		return fmt.Sprint(err1, err2, err3)
	}
	watched := Watch(cmd.Process)
	err1, err2 = sleeps.Signal(syscall.SIGTERM), watched.Signal(syscall.SIGKILL)
	return fmt.Sprint(exits.Wait().Code, sleeps.Wait().Signal, watched.Wait().Signal, err1, err2, sleeps.Signal(syscall.SIGTERM))
}

func TestHalfOfThePidfds(t *testing.T) {
	t.Parallel()
	want := fmt.Sprint(7, syscall.SIGTERM, syscall.SIGKILL, nil, nil, os.ErrProcessDone)
	for name := range sandboxes {
		if got := playRole(t, "sandbox: "+name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
