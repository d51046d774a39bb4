package sys

import (
	"maps"
	"os"
	"sync"
)

// reserved are the descriptors that this module itself lives by.
var reserved struct {
	sync.Mutex
	fds map[int]bool
}

// Opening is held for reading where this module has descriptors that are bare
// numbers for a moment, as those that a process is started with, and for writing
// by whoever closes what nobody seems to use. It is not held twice.
var Opening sync.RWMutex

// Reserve keeps a descriptor of this module's own from being closed by package
// fd: whoever closes the rest of a process does not know of it.
func Reserve(fd int) {
	reserved.Lock()
	defer reserved.Unlock()
	if reserved.fds == nil {
		reserved.fds = map[int]bool{}
	}
	reserved.fds[fd] = true
}

// Unreserve takes that back. It comes before the descriptor is closed: after
// it the number may be somebody else's, and reserved anew.
func Unreserve(fd int) {
	reserved.Lock()
	defer reserved.Unlock()
	delete(reserved.fds, fd)
}

// Reserved returns what is reserved now.
func Reserved() map[int]bool {
	reserved.Lock()
	defer reserved.Unlock()
	return maps.Clone(reserved.fds)
}

// ReserveFile is Reserve for the descriptor of a file.
func ReserveFile(f *os.File) { withNumber(f, Reserve) }

// CloseReserved closes a file, and takes back the reservation first.
func CloseReserved(f *os.File) {
	withNumber(f, Unreserve)
	f.Close()
}

// withNumber calls do unless f is closed. File.Fd would make it blocking.
func withNumber(f *os.File, do func(fd int)) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { do(int(fd)) })
	}
}
