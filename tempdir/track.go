package tempdir

import (
	"errors"
	"fmt"
)

// track is the tracker, which cleans up after this process when it is dead.
var track = struct{ dir, undir, file, unfile func(path string) error }{none, none, none, none}

// errUntracked is what track.dir and track.file return where there is no
// tracker to be had.
var errUntracked = errors.New("no tracker")

func none(string) error { return errUntracked }

// tracked registers path, and tells whether it has to be unregistered.
func tracked(register func(path string) error, path string) (bool, error) {
	err := register(path)
	if errors.Is(err, errUntracked) {
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
	if err := unregister(path); err != nil {
		return fmt.Errorf("tempdir: %s is gone, but the tracker still knows it: %w", path, err)
	}
	return nil
}
