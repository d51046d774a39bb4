package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"multiproc/internal/sys"
)

// An owner is this process as the owner of its directories in one place.
type owner struct {
	place   string
	token   string
	lock    *sys.Lock // nil where the file system has none
	tracked bool      // the lock's file
	dirs    int       // guarded by owners.mu
}

// owners has this process's owner for each place where it has directories.
var owners = struct {
	mu sync.Mutex // taken after any dir's mu
	in map[string]*owner
}{in: map[string]*owner{}}

// createLock is sys.CreateLock, but for tests.
var createLock = sys.CreateLock

// acquire returns the owner for one more directory in place; release gives it
// back when that is gone.
func acquire(place string) (*owner, error) {
	owners.mu.Lock()
	defer owners.mu.Unlock()
	o := owners.in[place]
	// A new owner too where somebody has removed the lock's file: nobody else
	// could tell that what is made from now on has an owner.
	if o == nil || o.lock != nil && !o.lock.Linked() {
		var err error
		if o, err = newOwner(place); err != nil {
			return nil, err
		}
		owners.in[place] = o
	}
	o.dirs++
	return o, nil
}

// newOwner makes and locks the lock before there is a directory, so that Sweep
// never sees one whose lock is free. A Sweep that comes between making and
// locking takes the file away, and the next try has another name.
func newOwner(place string) (*owner, error) {
	for range attempts {
		o := &owner{place: place, token: randomText()}
		var err error
		if o.tracked, err = tracked(track.file, o.lockPath()); err != nil {
			return nil, err
		}
		o.lock, err = createLock(o.lockPath())
		if err == nil {
			return o, nil
		}
		untracked := untrack(o.tracked, track.unfile, o.lockPath())
		switch {
		case untracked != nil:
			return nil, errors.Join(err, untracked)
		case errors.Is(err, errors.ErrUnsupported):
			o.tracked = false
			return o, nil
		case !errors.Is(err, sys.ErrNotFree) && !errors.Is(err, fs.ErrExist):
			return nil, placeError(place, err)
		}
	}
	return nil, placeError(place, fmt.Errorf("no free name after %d attempts: %w", attempts, fs.ErrExist))
}

func (o *owner) lockPath() string { return filepath.Join(o.place, prefix+o.token+suffix) }

// release gives back what acquire returned. The lock goes with the last
// directory.
func (o *owner) release() error {
	owners.mu.Lock()
	defer owners.mu.Unlock()
	if o.dirs--; o.dirs > 0 {
		return nil
	}
	if owners.in[o.place] == o {
		delete(owners.in, o.place)
	}
	if o.lock == nil {
		return nil
	}
	if err := o.lock.Release(true); err != nil {
		return fmt.Errorf("tempdir: an empty file is left: %w", err)
	}
	return untrack(o.tracked, track.unfile, o.lockPath())
}

// placeError says why nothing can be made in place.
func placeError(place string, err error) error {
	return fmt.Errorf("tempdir: nothing can be made in %q: %w (set TMPDIR to another place)", place, err)
}
