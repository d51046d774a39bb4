//go:build unix

package sys

import "syscall"

// Halt stops the process, until Resume.
func (p *Proc) Halt() error { return p.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Proc) Resume() error { return p.Signal(syscall.SIGCONT) }
