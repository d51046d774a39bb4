package multiproc_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// One processor, and no preemption: a function that spins keeps all others from
// running, the goroutine that would hear of its parent's death among them. The
// kernel needs none.
func TestOwnerKilledOneProcessor(t *testing.T) {
	t.Parallel()
	for _, vars := range [][]string{{"GOMAXPROCS=1"}, {"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}} {
		t.Run(strings.Join(vars, " "), func(t *testing.T) {
			t.Parallel()
			o := startOwnerIn(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, vars...) }, "spins")
			o.probe()
			o.kill()
			t.Logf("clean after %v", o.clean(ownerGrace+time.Second))
		})
	}
}

// Sandboxes in which an owner and its tracker live alike.
var oddSandboxes = [][]string{
	{"pidfd_open"},
	{"P_PIDFD"},
	{"pidfd_open", "P_PIDFD"},
	{"close_range"},
	{"pidfd_open", "P_PIDFD", "close_range"},
	{"pidfd's group"},
	{"pidfd's signal"},
}

func TestSandboxed(t *testing.T) {
	t.Parallel()
	for _, list := range oddSandboxes {
		t.Run(strings.Join(list, " "), func(t *testing.T) {
			t.Parallel()
			cmd := oddCommand(t, "")
			refuse(cmd, list...)
			oddRun(t, cmd, t.TempDir()).fine(t)
		})
	}
}

// Promise 6 on old kernels: without pidfds, and without what closes many
// descriptors at once.
func TestSandboxedOwnerKilled(t *testing.T) {
	t.Parallel()
	for _, list := range oddSandboxes {
		t.Run(strings.Join(list, " "), func(t *testing.T) {
			t.Parallel()
			o := startOwnerIn(t, func(cmd *exec.Cmd) { refuse(cmd, list...) }, "listens", "spins", "program", "has a child", "by os/exec")
			o.probe()
			o.kill()
			t.Logf("clean after %v", o.clean(ownerBound))
		})
	}
}

func TestSandboxedTrackerKilled(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{{"pidfd_open", "P_PIDFD"}, {"pidfd_open", "P_PIDFD", "close_range"}} {
		t.Run(strings.Join(list, " "), func(t *testing.T) {
			t.Parallel()
			o := startOwnerIn(t, func(cmd *exec.Cmd) { refuse(cmd, list...) }, "listens", "program", "has a child")
			if err := syscall.Kill(o.tracker(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			o.probe()
			o.kill()
			t.Logf("clean after %v", o.clean(ownerBound))
		})
	}
}
