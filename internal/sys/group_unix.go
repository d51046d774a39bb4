//go:build unix

package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalGroup sends sig to the process group that the process leads: on Linux
// from 6.9 on for as long as anybody is in it, elsewhere until the process was
// reaped. It says ErrProcessDone when there is nobody, or nobody to be told from
// strangers. A process that leads no group gets the signal alone.
func (p *Proc) SignalGroup(sig syscall.Signal) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.signalGroupLocked(sig)
}

// KillGroup sends SIGKILL to the process and to its group, and says what became
// of the process: ErrProcessDone if that had ended before.
func (p *Proc) KillGroup() error {
	p.mu.RLock() // nobody takes the status between the two
	defer p.mu.RUnlock()
	if p.Leader { // it may have left the group since
		_ = p.signalGroupLocked(unix.SIGKILL)
	}
	return p.signalLocked(unix.SIGKILL)
}

func (p *Proc) signalGroupLocked(sig syscall.Signal) error {
	switch {
	case !p.Leader:
		return p.signalLocked(sig)
	case p.keepsGroup():
		return p.pidfdSignal(sig, pidfdGroup)
	}
	return p.killpg(sig)
}

// killpg signals the group by its number, which is its own as long as the
// leader was not reaped, by us or by somebody else behind our back.
func (p *Proc) killpg(sig syscall.Signal) error {
	if err := p.signalLocked(0); err != nil {
		return err
	}
	err := unix.Kill(-p.PID, sig)
	if err == unix.ESRCH {
		return ErrProcessDone
	}
	return os.NewSyscallError("kill", err)
}
