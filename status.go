package multiproc

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// An ExitStatus is how a process ended. The zero value is that of one that has
// not.
type ExitStatus struct {
	// Ended is false as long as the process runs.
	Ended bool

	// Lost says that the process has ended but nobody can tell how: somebody
	// else took its status with a wait(-1), or SIGCHLD is ignored, and the
	// kernel (before Linux 6.15) has no copy. Code is -1 then.
	Lost bool

	// Code is the exit code, -1 for a process that a signal ended.
	Code int

	// Signal is what ended it, zero if it exited.
	Signal syscall.Signal

	// OutOfMemory says that the kernel killed it for memory. It is an
	// inference, since the status only says SIGKILL: it is certain for a
	// process in a cgroup of its own, else probable (the kernel counted such a
	// kill meanwhile, and nobody here sent the signal).
	OutOfMemory bool

	CoreDumped bool

	UserTime   time.Duration // with that of the children it has waited for
	SystemTime time.Duration
	MaxRSS     int64 // the largest resident set, in bytes
}

// Success reports whether the process has exited with code 0.
func (s ExitStatus) Success() bool { return s.Ended && !s.Lost && s.Code == 0 && s.Signal == 0 }

func (s ExitStatus) String() string {
	var b strings.Builder
	switch {
	case !s.Ended:
		b.WriteString("running")
	case s.Lost:
		b.WriteString("ended, status lost")
	case s.Signal != 0:
		fmt.Fprintf(&b, "ended by signal %d (%v)", int(s.Signal), s.Signal)
	default:
		fmt.Fprintf(&b, "exited with code %d", s.Code)
	}
	if s.OutOfMemory {
		b.WriteString(", probably for want of memory")
	}
	if s.CoreDumped {
		b.WriteString(", core dumped")
	}
	return b.String()
}

// python is the exit code as Python's multiprocessing says it: -N for signal N.
func (s ExitStatus) python() (code int, ok bool) {
	switch {
	case !s.Ended || s.Lost:
		return 0, false
	case s.Signal != 0:
		return -int(s.Signal), true
	}
	return s.Code, true
}
