//go:build unix

package sys

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// TryWrite writes what a non-blocking descriptor has room for; EAGAIN when that
// is nothing.
func TryWrite(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Write(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// WriteAll writes to a blocking descriptor, through signals.
func WriteAll(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(fd, p)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("write", err)
		}
		p = p[max(n, 0):]
	}
	return nil
}

// AwaitInput waits in the kernel, which costs a thread but no way through the
// scheduler, until there is something to read or the time is over.
func AwaitInput(fd int, limit time.Duration) bool {
	return poll(fd, limit)
}

// Ready reports whether there is something to read, or room to send.
func Ready(fd int, send bool) bool {
	if !send {
		return Readable(fd)
	}
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 0)
	return n > 0
}

// BarePair is Pair without the poller: both ends are bare descriptors. The
// first does not block.
func BarePair() (parent, child int, err error) {
	syscall.ForkLock.RLock() // as in Pair
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|sockCloexec, 0)
	if err == nil && sockCloexec == 0 {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_, _ = unix.Close(fds[0]), unix.Close(fds[1])
		return -1, -1, os.NewSyscallError("fcntl", err)
	}
	Reserve(fds[0])
	return fds[0], fds[1], nil
}

// StopReading makes reads of a socket return the end, those that wait already
// too.
func StopReading(fd int) { _ = unix.Shutdown(fd, unix.SHUT_RD) }

// StopWriting makes the other side read the end, once it has read the rest.
func StopWriting(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }

// Unmap undoes Map.
func Unmap(mem []byte) error { return os.NewSyscallError("munmap", unix.Munmap(mem)) }
