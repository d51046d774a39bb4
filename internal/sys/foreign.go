package sys

import (
	"os"
	"sync/atomic"
)

// A Foreign is a process that need not be a child of this one, held so that it
// is not mistaken for a later one with its number: by a pidfd, or by the time
// of its start where there is none. Neither can be had on systems without
// both: such a process is never seen to end.
type Foreign struct {
	pid   int
	start uint64   // in clock ticks since boot, zero where it can't be told
	file  *os.File // the pidfd, nil without

	closed atomic.Bool
}

// NewForeign returns the process pid. The pidfd belongs to it from then on; -1
// if there is none.
func NewForeign(pid, pidfd int) *Foreign {
	f := &Foreign{pid: pid}
	if pidfd >= 0 {
		if file, err := Pollable(pidfd, "pidfd"); err == nil {
			ReserveFile(file)
			f.file = file
			return f
		}
		_ = Close(pidfd)
	}
	f.start, _ = StartTime(pid)
	return f
}

// Close releases what f holds, and ends Wait.
func (f *Foreign) Close() {
	f.closed.Store(true)
	if f.file != nil {
		CloseReserved(f.file)
	}
}
