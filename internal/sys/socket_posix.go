//go:build unix && !linux

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

const sockCloexec = 0

// SocketID returns what tells this end of a socket from others: its inode
// where sockets have one, which is weaker than Linux's cookie.
func SocketID(fd int) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return 0, os.NewSyscallError("fstat", unix.ENOTSOCK)
	}
	return uint64(st.Ino), nil //nolint:unconvert // 32 bits on some
}

// No SIGPIPE comes of these sockets: the runtime ignores it for all
// descriptors but 1 and 2.
const noSignal, recvCloexec = 0, 0

const dirOnly = unix.O_RDONLY | unix.O_DIRECTORY
