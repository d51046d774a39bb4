package sys

import (
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// ChmodDir sets the mode of a directory, without following a link that has
// taken its name. fchmodat2(2) came with Linux 6.6; /proc leads to what is open
// with no right but that.
func ChmodDir(path string, mode uint32) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Chmod("/proc/self/fd/"+strconv.Itoa(fd), mode)
		_ = unix.Close(fd)
	}
	if err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}
