//go:build unix

package multiproc

import "syscall"

// leader reports whether a process started so leads a group.
func leader(attr *syscall.SysProcAttr) bool { return attr.Setsid || attr.Setpgid && attr.Pgid == 0 }
