//go:build unix

package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// SendRights writes what a socket has room for, and sends descriptors along
// with it (SCM_RIGHTS of unix(7)); EAGAIN when nothing was written.
func SendRights(fd int, p []byte, fds []int) (int, error) {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for {
		n, err := unix.SendmsgN(fd, p, oob, nil, unix.MSG_DONTWAIT|noSignal)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), os.NewSyscallError("sendmsg", err)
		}
	}
}

// MaxRights is how many descriptors one message can bring: SCM_MAX_FD.
const MaxRights = 253

// RecvRights reads what a socket holds already, and the descriptors that came
// with it, close-on-exec; EAGAIN when that is nothing. A -1 behind them stands
// for those that were lost, most likely since this process has too many.
func RecvRights(fd int, p []byte) (n int, fds []int, err error) {
	return recvRights(fd, p, unix.MSG_DONTWAIT)
}

// AwaitRights is RecvRights for a blocking socket: it waits.
func AwaitRights(fd int, p []byte) (n int, fds []int, err error) {
	return recvRights(fd, p, 0)
}

func recvRights(fd int, p []byte, wait int) (n int, fds []int, err error) {
	oob := make([]byte, unix.CmsgSpace(MaxRights*4))
	var oobn, flags int
	for {
		if recvCloexec == 0 {
			syscall.ForkLock.RLock()
		}
		n, oobn, flags, _, err = unix.Recvmsg(fd, p, oob, wait|recvCloexec)
		if err == nil && oobn > 0 {
			fds = parseRights(oob[:oobn])
		}
		if recvCloexec == 0 {
			for _, f := range fds {
				unix.CloseOnExec(f)
			}
			syscall.ForkLock.RUnlock()
		}
		if err == nil && flags&unix.MSG_CTRUNC != 0 {
			fds = append(fds, -1)
		}
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), fds, os.NewSyscallError("recvmsg", err)
		}
	}
}

func parseRights(oob []byte) (fds []int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range messages {
		if some, err := unix.ParseUnixRights(&messages[i]); err == nil {
			fds = append(fds, some...)
		}
	}
	return fds
}

// Chdir makes the directory that is open as fd the working directory.
func Chdir(fd int) error { return os.NewSyscallError("fchdir", unix.Fchdir(fd)) }

// OpenDir opens a directory, close-on-exec, to hand it to Chdir.
func OpenDir(path string) (int, error) {
	fd, err := unix.Open(path, dirOnly|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "chdir", Path: path, Err: err}
	}
	return fd, nil
}

// Dup duplicates a descriptor, close-on-exec.
func Dup(fd int) (int, error) {
	other, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return other, os.NewSyscallError("fcntl", err)
}
