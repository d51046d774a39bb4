package sys

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// A Lock is an empty file that its process has open and shares with nobody.
// The handle is not inherited.
type Lock struct {
	handle syscall.Handle
	path   string
}

// CreateLock makes a file at path and locks it. The error is fs.ErrExist when
// there is a file.
func CreateLock(path string) (*Lock, error) { return openLock(path, syscall.CREATE_NEW) }

// OpenLock takes the lock that somebody else made at path. The error is
// ErrNotFree unless that is an empty file that nobody holds.
func OpenLock(path string) (*Lock, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFree
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() != 0:
		return nil, ErrNotFree
	}
	l, err := openLock(path, syscall.OPEN_EXISTING)
	const sharingViolation = syscall.Errno(32)
	if errors.Is(err, sharingViolation) || errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFree
	}
	return l, err
}

func openLock(path string, disposition uint32) (*Lock, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err == nil {
		var h syscall.Handle
		h, err = syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
			disposition, syscall.FILE_ATTRIBUTE_NORMAL, 0)
		if err == nil {
			return &Lock{h, path}, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: err}
}

// Linked is true: a file that is open unshared can't be removed.
func (l *Lock) Linked() bool { return true }

// Release frees the lock, and then removes the file if remove is true: in
// between, another process may take it and do the same.
func (l *Lock) Release(remove bool) error {
	_ = syscall.CloseHandle(l.handle)
	if !remove {
		return nil
	}
	if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Owned is true: the directory for temporary files is each user's own.
func Owned(fs.FileInfo) bool { return true }

// ChmodDir does nothing: a directory has no mode.
func ChmodDir(string, uint32) error { return nil }
