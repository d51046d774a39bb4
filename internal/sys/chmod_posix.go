//go:build unix && !linux

package sys

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// ChmodDir sets the mode of a directory, without following a link that has
// taken its name.
func ChmodDir(path string, mode uint32) error {
	if err := unix.Fchmodat(unix.AT_FDCWD, path, mode, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}
