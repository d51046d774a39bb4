//go:build unix

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pair returns the two ends of a stream socket, both close-on-exec. The first
// is non-blocking, for the runtime's poller, and reserved: CloseReserved closes
// it. The second, for a child, blocks.
func Pair() (parent *os.File, child int, err error) {
	fd, child, err := BarePair()
	if err != nil {
		return nil, -1, err
	}
	return os.NewFile(uintptr(fd), "control"), child, nil
}

// Close closes a bare descriptor.
func Close(fd int) error { return unix.Close(fd) }

// Duplicate returns another number for an open file, close-on-exec, and none of
// the three that a program may have closed. The flags of the file itself,
// O_NONBLOCK among them, are shared and stay as they are.
func Duplicate(fd int) (int, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	return dup, os.NewSyscallError("fcntl", err)
}

// CloseOnExec sets the flag.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// Pollable turns a blocking socket into a file that the poller serves.
func Pollable(fd int, name string) (*os.File, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Read reads a blocking descriptor, through signals.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// IsNonblock reports whether a descriptor does not block.
func IsNonblock(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK != 0
}

// SetUmask sets the umask of this process.
func SetUmask(mask int) { _ = unix.Umask(mask) }

// RecvNow reads what a socket holds already; EAGAIN when that is nothing.
func RecvNow(fd int, p []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// SendNow writes what a socket has room for; EAGAIN when that is nothing.
func SendNow(fd int, p []byte) (int, error) {
	for {
		n, err := unix.SendmsgN(fd, p, nil, nil, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return max(n, 0), os.NewSyscallError("sendmsg", err)
		}
	}
}

// IsOpen reports whether fd is an open descriptor.
func IsOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// Getuid is the effective user, whose rights this process has.
func Getuid() int { return os.Geteuid() }

// OpenNull opens the null device, close-on-exec.
func OpenNull() (int, error) {
	fd, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	return fd, nil
}

// Readable reports whether there is something to read, or the end.
func Readable(fd int) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0
}
