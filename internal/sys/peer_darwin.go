package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Peer returns who made the pair that fd is an end of.
func Peer(fd int) (pid, uid int, err error) {
	pid, err = unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt", err)
	}
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt", err)
	}
	return pid, int(cred.Uid), nil
}
