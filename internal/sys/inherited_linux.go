package sys

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// CloseInherited closes what this process came to by exec and nobody made
// close-on-exec: all descriptors above 2 without that flag. What Go opens has
// it. The cost is that of the descriptors that are open, whatever
// RLIMIT_NOFILE says.
func CloseInherited() error {
	open, err := openDescriptors()
	if err != nil {
		return err
	}
	for _, fd := range open {
		if fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd) // which frees the number, whatever it says
		}
	}
	return nil
}

// openDescriptors lists /proc/self/fd by getdents(2).
func openDescriptors() ([]int, error) {
	const path = "/proc/self/fd"
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(dir) }()
	var open []int
	var names []string
	buf := make([]byte, 8<<10)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil {
			return nil, os.NewSyscallError("getdents64", err)
		}
		if n == 0 {
			return open, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil && fd != dir {
				open = append(open, fd)
			}
		}
	}
}
