//go:build unix

package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// NullStdin makes descriptor 0 the null device, whatever it was, for this
// process and what it starts.
func NullStdin() error {
	null, err := OpenNull()
	if err != nil {
		return err
	}
	if null == 0 { // the lowest number that was free: 0 was closed
		_, err := unix.FcntlInt(0, unix.F_SETFD, 0)
		return os.NewSyscallError("fcntl", err)
	}
	defer func() { _ = unix.Close(null) }()
	for {
		err := replace(null, 0)
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EBUSY) { // somebody is opening just that number: dup2(2)
			return os.NewSyscallError("dup", err)
		}
	}
}

// IsNull reports whether fd is the null device.
func IsNull(fd int) bool {
	var is, null unix.Stat_t
	return unix.Fstat(fd, &is) == nil && unix.Stat(os.DevNull, &null) == nil &&
		is.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}
