//go:build unix && !linux

package sys

import (
	"os"
	"syscall"
)

func start(spec *Spec, attr *syscall.ProcAttr) (*Proc, error) { return plainStart(spec, attr) }

// Watch returns a Proc for a child that the os package started.
func Watch(proc *os.Process) *Proc { return &Proc{PID: proc.Pid, proc: proc} }
