package tempdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	life "multiproc/internal/track"
	"multiproc/tracker"
)

// locks are the files by which Sweep tells the dead from the living. What it
// would do for one of them is what has to be done when its owner has died: the
// lock stays for as long as there is a directory.
var locks = tracker.NewKind("lock", sweepDead)

// track is the tracker, which cleans up after this process when it is dead.
var track = struct{ dir, undir, file, unfile func(path string) error }{
	tracker.Dir.Register, tracker.Dir.Unregister, locks.Register, locks.Unregister,
}

// sweepDead removes a dead process's directories in one place, and its lock. Who
// is dead may be holding it still: the kernel frees it when it has closed all
// copies, of which a program that was just being started may have one.
func sweepDead(ctx context.Context, lock string) error {
	for {
		if _, err := sweepLocks(filepath.Dir(lock), []string{filepath.Base(lock)}); err != nil {
			return err
		}
		if _, err := os.Lstat(lock); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if life.OwnerLives(ctx) { // and holds it, but has no time to remove it
			if left, err := leftBehind(lock); err == nil && !left {
				if err := os.Remove(lock); !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("tempdir: %s is held, and what it protects is left for Sweep: %w", lock, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// leftBehind tells whether the lock protects anything.
func leftBehind(lock string) (bool, error) {
	names, err := readNames(filepath.Dir(lock))
	front := strings.TrimSuffix(filepath.Base(lock), suffix) + "-"
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, front) }), err
}

// untrackable tells whether there can be no tracker: then finalizers and Sweep
// are all there is.
func untrackable(err error) bool {
	return errors.Is(err, tracker.ErrNotInitialized) || errors.Is(err, errors.ErrUnsupported)
}

// tracked registers path, and tells whether it has to be unregistered.
func tracked(register func(path string) error, path string) (bool, error) {
	err := register(path)
	if untrackable(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("tempdir: %s was not made, since the tracker does not know it: %w", path, err)
	}
	return true, nil
}

// untrack unregisters path, which is gone, if it was registered.
func untrack(registered bool, unregister func(path string) error, path string) error {
	if !registered {
		return nil
	}
	err := unregister(path)
	if err != nil && !errors.Is(err, tracker.ErrNotRegistered) { // it was taken from us by Cleanup
		return fmt.Errorf("tempdir: %s is gone, but the tracker still knows it: %w", path, err)
	}
	return nil
}
