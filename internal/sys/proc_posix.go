//go:build unix && !linux

package sys

import (
	"os"
	"syscall"
)

// start starts a process and lets the os package watch it.
func start(spec *Spec, attr *syscall.ProcAttr) (*Proc, error) {
	pid, err := syscall.ForkExec(spec.Path, spec.Argv, attr)
	if err != nil {
		return nil, startError(spec, err)
	}
	return plainProc(pid), nil
}

// Watch returns a Proc for a child that the os package started.
func Watch(proc *os.Process) *Proc { return &Proc{PID: proc.Pid, proc: proc} }
