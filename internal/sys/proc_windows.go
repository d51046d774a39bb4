package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Start says that Go children can't be started here: there is no socket pair
// to hand down.
func Start(spec *Spec) (*Proc, error) {
	return nil, startError(spec, fmt.Errorf("start method Spawn on windows: %w", errors.ErrUnsupported))
}

// Watch returns a Proc for a child that the os package started.
func Watch(proc *os.Process) *Proc { return &Proc{PID: proc.Pid, proc: proc} }

func fillExit(*Exit, *os.ProcessState) {}

// LeadsGroup is false: no signal reaches a group here.
func LeadsGroup(*syscall.SysProcAttr) bool { return false }

// SignalGroup is Signal.
func (p *Proc) SignalGroup(sig syscall.Signal) error { return p.Signal(sig) }

// KillGroup is Signal with SIGKILL.
func (p *Proc) KillGroup() error { return p.Signal(syscall.SIGKILL) }

// SignalSelf is not available.
func SignalSelf(syscall.Signal) error { return errors.ErrUnsupported }

// GroupLives is false: nothing is known of groups.
func (p *Proc) GroupLives() bool { return false }

// OwnGroup puts a program into a process group of its own.
func OwnGroup(bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Halt is not available.
func (p *Proc) Halt() error { return errors.ErrUnsupported }

// Resume is not available.
func (p *Proc) Resume() error { return errors.ErrUnsupported }
