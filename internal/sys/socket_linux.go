package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

const sockCloexec = unix.SOCK_CLOEXEC

// SocketID returns what tells this end of a socket from any other, for as long
// as the system runs: SO_COOKIE of socket(7).
func SocketID(fd int) (uint64, error) {
	id, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	return id, os.NewSyscallError("getsockopt", err)
}

// Peer returns who made the pair that fd is an end of: SO_PEERCRED of unix(7).
func Peer(fd int) (pid, uid int, err error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt", err)
	}
	return int(cred.Pid), int(cred.Uid), nil
}

const (
	noSignal    = unix.MSG_NOSIGNAL
	recvCloexec = unix.MSG_CMSG_CLOEXEC
	dirOnly     = unix.O_PATH | unix.O_DIRECTORY
)
