//go:build unix && !linux

package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors lists the open descriptors, ascending, by trying every number
// below the limit: /dev/fd does not show all of them everywhere.
func Descriptors() ([]int, error) {
	soft, _, err := FileLimit()
	if err != nil {
		return nil, err
	}
	var fds []int
	for fd := range int(min(soft, 1<<24)) {
		if IsOpen(fd) {
			fds = append(fds, fd)
		}
	}
	return fds, nil
}

// Replace makes fd mean what source means; what it meant before is closed.
func Replace(fd, source int, cloexec bool) error {
	syscall.ForkLock.RLock() // the flag comes after the descriptor
	defer syscall.ForkLock.RUnlock()
	err := replace(source, fd)
	if err == nil && cloexec {
		unix.CloseOnExec(fd)
	}
	return os.NewSyscallError("dup2", err)
}
