//go:build !linux

package sys

import "syscall"

func (p *Proc) pidfdSignal(syscall.Signal) error { return ErrProcessDone }
func (p *Proc) pidfdWait() Exit                  { return Exit{Lost: true} }
