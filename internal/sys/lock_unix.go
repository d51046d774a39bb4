//go:build unix

package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Lock is an empty file that is locked while its process lives: the kernel
// frees it, see flock(2). The descriptor is close-on-exec, so that no program
// that this one starts holds it too.
type Lock struct {
	fd   int
	path string
}

// CreateLock makes a file at path, of mode 0600, and locks it. The error is
// ErrNotFree when somebody else was faster with either, fs.ErrExist when there
// is a file, and errors.ErrUnsupported when the file system has no locks; then
// no file is left behind.
func CreateLock(path string) (*Lock, error) {
	l, st, err := openLock(path, unix.O_CREAT|unix.O_EXCL)
	if err != nil {
		if l != nil && !errors.Is(err, ErrNotFree) {
			_ = unix.Unlink(path)
		}
		return nil, l.closed(err)
	}
	if st.Mode&0o777 != 0o600 { // a umask that leaves nothing
		if err := unix.Fchmod(l.fd, 0o600); err != nil {
			_ = unix.Unlink(path)
			return nil, l.closed(&fs.PathError{Op: "fchmod", Path: path, Err: err})
		}
	}
	return l, nil
}

// OpenLock takes the lock that somebody else made at path. The error is
// ErrNotFree unless that is an empty file of this user's that nobody holds; a
// symbolic link is not followed.
func OpenLock(path string) (*Lock, error) {
	info, err := os.Lstat(path) // opening a device may do things
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFree
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() != 0 || !Owned(info):
		return nil, ErrNotFree
	}
	l, st, err := openLock(path, unix.O_NONBLOCK)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ELOOP):
		return nil, l.closed(ErrNotFree)
	case err != nil:
		return nil, l.closed(err)
	case st.Mode&unix.S_IFMT != unix.S_IFREG || int(st.Uid) != Getuid():
		return nil, l.closed(ErrNotFree)
	}
	return l, nil
}

// openLock opens and locks, and sees to it that the file locked still has a
// name. The lock is not nil if the file was opened.
func openLock(path string, flag int) (*Lock, unix.Stat_t, error) {
	var st unix.Stat_t
	l := &Lock{path: path}
	for {
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC|flag, 0o600)
		if err == nil {
			l.fd = fd
			break
		}
		if err != unix.EINTR {
			return nil, st, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
	switch err := unix.Flock(l.fd, unix.LOCK_EX|unix.LOCK_NB); err {
	case nil:
	case unix.EWOULDBLOCK:
		return l, st, ErrNotFree
	case unix.ENOLCK, unix.ENOSYS, unix.EOPNOTSUPP:
		return l, st, &fs.PathError{Op: "flock", Path: path, Err: fmt.Errorf("%w: %w", errors.ErrUnsupported, err)}
	default:
		return l, st, &fs.PathError{Op: "flock", Path: path, Err: err}
	}
	if err := unix.Fstat(l.fd, &st); err != nil {
		return l, st, &fs.PathError{Op: "fstat", Path: path, Err: err}
	}
	if st.Nlink == 0 {
		return l, st, ErrNotFree
	}
	return l, st, nil
}

func (l *Lock) closed(err error) error {
	if l != nil {
		_ = unix.Close(l.fd)
	}
	return err
}

// Linked tells whether the file still has a name.
func (l *Lock) Linked() bool {
	var st unix.Stat_t
	return unix.Fstat(l.fd, &st) == nil && st.Nlink > 0
}

// Release frees the lock, and before that removes the file if remove is true.
// It frees it also when it returns an error; a file that is gone is none.
func (l *Lock) Release(remove bool) error {
	var err error
	if remove {
		err = unix.Unlink(l.path)
	}
	_ = unix.Close(l.fd)
	if err != nil && err != unix.ENOENT {
		return &fs.PathError{Op: "unlink", Path: l.path, Err: err}
	}
	return nil
}

// Owned tells whether a file is the effective user's.
func Owned(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == Getuid()
}
