package sys

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

const pidfdGroup = unix.PIDFD_SIGNAL_PROCESS_GROUP

// hasGroupSignals reports whether a pidfd stands for a group too: since Linux
// 6.9, and then it goes on to do so when the leader was reaped.
var hasGroupSignals = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	err = unix.PidfdSendSignal(fd, 0, nil, pidfdGroup)
	return err == nil || errors.Is(err, unix.ESRCH) // this process leads none
})

func (p *Proc) keepsGroup() bool { return p.fd != nil && p.Leader && hasGroupSignals() }

// awaitEnd waits until a process without a pidfd has ended, and signals what is
// left of its group while the pid is still its own.
func (p *Proc) awaitEnd() {
	for {
		err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			p.forget() // somebody else has reaped it
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signalLast()
	p.gone = true
}

// signalLast is called with mu held for writing, before a leader is reaped
// whose group can't be signalled afterwards.
func (p *Proc) signalLast() {
	if p.last == nil || !p.Leader || p.gone {
		return
	}
	if sig := p.last(); sig != 0 {
		_ = p.killpg(sig)
	}
}
