//go:build unix && !linux

package sys

import (
	"os"
	"syscall"
)

func start(spec *Spec, attr *syscall.ProcAttr) (*Proc, error) { return plainStart(spec, attr) }

// Watch returns a Proc for a child that the os package started.
func Watch(proc *os.Process) *Proc { return &Proc{PID: proc.Pid, proc: proc} }

// SignalSelf sends a signal to this process. The os package would first start a child
// to see whether pidfds work, and a second signal would leave that as a zombie.
func SignalSelf(sig syscall.Signal) error { return syscall.Kill(syscall.Getpid(), sig) }
