package sys

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sandboxes refuse a part of what pidfds need, as old kernels and the filters
// of containers do.
var sandboxes = map[string]struct {
	call  uint32
	first int64 // argument for which it is refused; -1 for any
	errno syscall.Errno
}{
	"no pidfd_open":           {unix.SYS_PIDFD_OPEN, -1, unix.ENOSYS},
	"no P_PIDFD":              {unix.SYS_WAITID, unix.P_PIDFD, unix.EINVAL},
	"pidfd_send_signal":       {unix.SYS_PIDFD_SEND_SIGNAL, -1, unix.EPERM},
	"waitid by pidfd refused": {unix.SYS_WAITID, unix.P_PIDFD, unix.EPERM},
}

func init() {
	for name, s := range sandboxes {
		roles["sandbox: "+name] = func() {
			if err := refuse(s.call, s.first, s.errno); err != nil {
				fmt.Print(err)
				return
			}
			fmt.Print(playSandboxed())
		}
	}
}

// refuse makes a system call of this process fail, see seccomp(2).
func refuse(call uint32, first int64, errno syscall.Errno) error {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret    = unix.BPF_RET | unix.BPF_K
		number = 0  // offsets in struct seccomp_data
		arg0   = 16 // the low half, on the machines that we have

		retAllow, retErrno = 0x7fff0000, 0x00050000
		setModeFilter      = 1
		allThreads         = 1
	)
	filter := []unix.SockFilter{
		{Code: load, K: number},
		{Code: equal, K: call, Jf: 3},
		{Code: load, K: arg0},
		{Code: equal, K: uint32(first), Jf: 1},
		{Code: ret, K: retErrno | uint32(errno)},
		{Code: ret, K: retAllow},
	}
	if first < 0 {
		filter[2], filter[3] = unix.SockFilter{Code: load, K: number}, unix.SockFilter{Code: equal, K: call, Jf: 1}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program))); e != 0 {
		return e
	}
	return nil
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
