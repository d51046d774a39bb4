package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"multiproc/finalize"
	"multiproc/internal/rmtree"
	"multiproc/internal/sys"
	"multiproc/mplog"
)

const (
	mode     = 0o700
	priority = -100 // CPython's
)

// A dir is a directory of this process's.
type dir struct {
	path  string
	made  fs.FileInfo // tells it from another of the same name
	owner *owner

	doomed atomic.Bool // somebody has begun to remove it
	gone   atomic.Bool // it is removed

	mu      sync.Mutex // held while it is made or removed
	tracked bool
	fin     *finalize.Finalizer
}

// place is where directories are made at this moment.
func place() (string, error) {
	place, err := filepath.Abs(os.TempDir())
	if err != nil {
		return "", fmt.Errorf("tempdir: TMPDIR %q is relative: %w", os.TempDir(), err)
	}
	return place, nil
}

// newDir makes a directory in place, with front and back around the random
// part of its name.
func newDir(place, front, back string) (*dir, error) {
	o, err := acquire(place)
	if err != nil {
		return nil, err
	}
	for range attempts {
		d := &dir{owner: o, path: filepath.Join(place, prefix+o.token+"-"+front+randomText()+back)}
		if err = d.make(); err == nil {
			return d, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return nil, errors.Join(err, o.release())
}

// make registers the directory, makes it, and sees to its end, in that order.
func (d *dir) make() (err error) {
	d.mu.Lock() // a pass of finalizers may be under way
	defer d.mu.Unlock()
	if d.tracked, err = tracked(track.dir, d.path); err != nil {
		return err
	}
	if err := d.mkdir(); err != nil {
		return errors.Join(placeError(d.owner.place, err), untrack(d.tracked, track.undir, d.path))
	}
	d.fin = finalize.AtExit(d.remove, priority)
	return nil
}

// log tells of a new directory. No lock is held: a handler may come back here.
func (d *dir) log() {
	mplog.Info("created temporary directory", mplog.EventKey, "tempdir-created", "path", d.path)
}

func (d *dir) mkdir() error {
	if err := os.Mkdir(d.path, mode); err != nil { // never one that is there
		return err
	}
	made, err := os.Lstat(d.path)
	if err == nil && made.Mode().Perm() != mode { // a umask that leaves too little
		err = sys.ChmodDir(d.path, mode)
	}
	if err != nil {
		return errors.Join(err, os.Remove(d.path))
	}
	d.made = made
	return nil
}

// alive tells whether the directory is to stay, and is not known to be gone.
func (d *dir) alive() bool {
	if d.doomed.Load() {
		return false
	}
	same, err := rmtree.Same(d.path, d.made)
	return same || err != nil
}

// remove removes the directory, or what has its name no longer. It may be
// called at any time, by many at once: all but one wait for that one. If it
// fails, everything stays as it is for the next try.
func (d *dir) remove() error {
	d.doomed.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone.Load() {
		return nil
	}
	if err := rmtree.Remove(d.path, d.made); err != nil {
		return fmt.Errorf("tempdir: %w", err)
	}
	d.gone.Store(true)
	d.fin.Cancel()
	return errors.Join(untrack(d.tracked, track.undir, d.path), d.owner.release())
}
