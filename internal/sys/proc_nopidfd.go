//go:build !linux

package sys

import "syscall"

func (p *Proc) pidfdSignal(syscall.Signal, int) error { return ErrProcessDone }
func (p *Proc) pidfdWait() Exit                       { return Exit{Lost: true} }
func (p *Proc) awaitEnd()                             {}
func (p *Proc) keepsGroup() bool                      { return false }
