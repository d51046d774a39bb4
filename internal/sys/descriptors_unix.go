//go:build unix

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsCloexec reports whether a descriptor has the close-on-exec flag; the error
// of one that is not open is EBADF.
func IsCloexec(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags&unix.FD_CLOEXEC != 0, err
}

// SetCloexec sets the flag, or takes it away. No other flag is kept in the
// same place, see fcntl(2).
func SetCloexec(fd int, on bool) error {
	flags := 0
	if on {
		flags = unix.FD_CLOEXEC
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags)
	return err
}

// FileLimit returns RLIMIT_NOFILE: no new descriptor gets a number as high as
// soft, and soft can't be set higher than hard. See getrlimit(2).
func FileLimit() (soft, hard uint64, err error) {
	var limit unix.Rlimit
	err = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	// Some systems count with a sign.
	return uint64(limit.Cur), uint64(limit.Max), os.NewSyscallError("getrlimit", err) //nolint:unconvert // as said
}
