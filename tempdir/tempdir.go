package tempdir

import (
	"errors"
	"sync"
	"sync/atomic"
)

// own is what Get gives out.
var own struct {
	current atomic.Pointer[dir]

	removing sync.Mutex // held by Remove, and taken before mu
	mu       sync.Mutex // guards making one, and left
	left     []*dir     // could not be removed, or still are being
}

// Get returns the absolute path of this process's own directory for temporary
// files, of mode 0700. The first call makes it, and is told by the event
// tempdir-created; all others, from any goroutine, return the same path, until
// [Remove] or the exit removes it. The next call then makes a new one. So it
// does when somebody else has removed the directory: each call looks, which
// takes one lstat(2). A changed TMPDIR is for directories that are yet to be
// made.
//
// The error wraps a [*fs.PathError] that says what is wrong with the place:
// missing (fs.ErrNotExist), not a directory (syscall.ENOTDIR), not writable
// (fs.ErrPermission, syscall.EROFS), full (syscall.ENOSPC). It is not
// remembered: the next call tries again.
//
// A child process does not share its parent's. [get_temp_dir]
func Get() (string, error) {
	if d := own.current.Load(); d != nil && d.alive() {
		return d.path, nil
	}
	d, isNew, err := renew()
	if err != nil {
		return "", err
	}
	if isNew {
		d.log()
	}
	return d.path, nil
}

// renew makes the directory, unless another goroutine just did.
func renew() (d *dir, isNew bool, err error) {
	own.mu.Lock()
	defer own.mu.Unlock()
	if d := own.current.Load(); d != nil {
		if d.alive() {
			return d, false, nil
		}
		if !d.doomed.Load() {
			_ = d.remove() // it has gone; what is left of it is for Remove to tell
		}
		own.current.Store(nil)
		if !d.gone.Load() {
			own.left = append(own.left, d)
		}
	}
	place, err := place()
	if err != nil {
		return nil, false, err
	}
	if d, err = newDir(place, "", ""); err != nil {
		return nil, false, err
	}
	own.current.Store(d)
	return d, true, nil
}

// Remove removes the directory of [Get] now, with everything in it. It does
// nothing where there is none. Calls from several goroutines wait for each
// other; a Get meanwhile makes a new directory at once.
//
// The error names what could not be removed. The directory is then tried again
// by the next Remove, at exit and by the tracker. [_remove_temp_dir]
func Remove() error {
	own.removing.Lock()
	defer own.removing.Unlock()

	own.mu.Lock()
	dirs := own.left
	own.left = nil
	if d := own.current.Swap(nil); d != nil {
		dirs = append(dirs, d)
	}
	own.mu.Unlock()

	var errs []error
	for _, d := range dirs {
		if err := d.remove(); err != nil {
			errs = append(errs, err)
			if !d.gone.Load() {
				own.mu.Lock()
				own.left = append(own.left, d)
				own.mu.Unlock()
			}
		}
	}
	return errors.Join(errs...)
}

// Make makes a further directory, of mode 0700, and returns its absolute path.
// Its name is that of all directories of this process, then pattern as for
// [os.MkdirTemp]: a random text takes the place of the last "*", or is put at
// the end. A pattern with a path separator is an error. The errors are those of
// [Get].
//
// The directory is the caller's until he calls remove, which removes it with
// everything in it; else it is removed at exit. remove may be called more than
// once and by several goroutines: it returns when the directory is gone, or
// with an error that names what could not be removed. Then it can be called
// again, and the exit tries once more.
func Make(pattern string) (path string, remove func() error, err error) {
	front, back, err := split(pattern)
	if err != nil {
		return "", nil, err
	}
	place, err := place()
	if err != nil {
		return "", nil, err
	}
	d, err := newDir(place, front, back)
	if err != nil {
		return "", nil, err
	}
	d.log()
	return d.path, d.remove, nil
}
