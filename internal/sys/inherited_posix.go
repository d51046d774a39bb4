//go:build unix && !linux

package sys

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// CloseInherited closes all descriptors above 2 that are not close-on-exec, as
// far as /dev/fd lists them: on FreeBSD that takes fdescfs(4).
func CloseInherited() error {
	entries, err := os.ReadDir("/dev/fd")
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
	return err
}
