package multiproc_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A signal that was ignored on entry stays so, but for SIGTERM: what a service
// manager sends must reach a service that a careless shell started.
func TestIgnoredOnEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ignored string
		unheard       syscall.Signal
	}{
		{"nohup", "HUP", syscall.SIGHUP},
		{"background", "INT", syscall.SIGINT},
		{"all", "HUP INT TERM", syscall.SIGINT},
	} {
		program := programCommand(t, exitPatient, "canceled", "ctx")
		cmd := exec.Command("sh", append([]string{"-c", `trap '' ` + c.ignored + `; exec "$0" "$@"`}, program.Args...)...)
		cmd.Env = program.Env
		s := stageCommand(t, cmd)
		s.await("root ready", "ctx ready")
		s.signal(c.unheard) // pending signals come in the order of their numbers
		s.signal(syscall.SIGTERM)
		s.end(-15).inOrder("cause: multiproc: got signal terminated, true", "ctx f-100", "root f-1", "root f-100")
		s.without("cause: multiproc: got signal " + c.unheard.String() + ", true")
	}
}

// A mask that was inherited holds back neither the request nor the death.
func TestBlockedOnEntry(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		var s *stage
		done := make(chan struct{})
		go func() { // on a thread of its own, that ends with it
			defer close(done)
			runtime.LockOSThread()
			var set unix.Sigset_t
			set.Val[0] = 1<<(unix.SIGTERM-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGHUP-1)
			if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
				t.Error(err)
			}
			mask, err := exec.Command("grep", "SigBlk", "/proc/self/status").Output()
			if err != nil || string(mask) != "SigBlk:\t0000000000004003\n" {
				t.Errorf("what is started has %q, %v", mask, err)
			}
			s = stageProgram(t, exitPatient, "canceled", "ctx")
		}()
		<-done
		s.await("root ready", "ctx ready")
		s.signal(sig)
		s.end(-int(sig)).inOrder("cause: multiproc: got signal "+sig.String()+", true", "ctx f-100", "ctx: -15, true", "root f-100")
	}
}

// PID 1 can't be killed by its own signals: the code tells.
func TestExitAsPID1(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, exitPatient, "canceled", "ctx")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	probe := exec.Command("true")
	probe.SysProcAttr = cmd.SysProcAttr
	if err := probe.Run(); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skip("no PID namespaces for us:", err)
	}
	s := stageCommand(t, cmd)
	s.await("root ready", "ctx ready")
	s.signal(syscall.SIGTERM)
	s.end(128+15).inOrder("cause: multiproc: got signal terminated, true", "ctx f-100", "ctx: -15, true", "root f-100")
}
