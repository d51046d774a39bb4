package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"multiproc/internal/rmtree"
	"multiproc/internal/sys"
)

// Sweep removes the directories of dead processes, which were killed when there
// was no tracker, or lost it too, as in a power cut. It looks where this process
// would make directories: in [os.TempDir] and where [Socket] goes. It returns
// the paths of the directories that it removed, and the joined errors of what
// it could not remove, or look at; one error stops nothing else.
//
// Only those of the effective user are removed, and only those whose owner's
// lock is free, which the kernel sees to when a process ends. Age plays no part.
// What merely has a name like ours, or has lost its lock file, is left alone;
// links are never followed. Processes that sweep at the same time share the
// work, and a process that is just making a directory is safe.
//
// A program may call it at its start; it reads the directories, and takes a
// lock and a removal for each dead process. There is nothing like it in CPython.
func Sweep() (removed []string, err error) {
	var errs []error
	first, err := place()
	if err != nil {
		errs = append(errs, err)
	}
	places := append([]string{first}, shortPlaces()...)
	for i, place := range places {
		if place == "" || slices.Contains(places[:i], place) {
			continue
		}
		r, err := sweepPlace(place)
		removed = append(removed, r...)
		// Where a socket could not be made there is none.
		if err != nil && (i == 0 || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission)) {
			errs = append(errs, err)
		}
	}
	return removed, errors.Join(errs...)
}

func sweepPlace(place string) (removed []string, err error) {
	names, err := readNames(place)
	if err != nil {
		return nil, fmt.Errorf("tempdir: sweep: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, rest, ok := tokenOf(name)
		return !ok || rest != suffix
	})
	var errs []error
	const descriptors = 64 // held at a time
	for some := range slices.Chunk(names, descriptors) {
		r, err := sweepLocks(place, some)
		removed = append(removed, r...)
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// readNames returns the names in a directory, in no order.
func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// sweepLocks takes the locks with these names that are free, and removes what
// they protect. While they are held nobody else does, and nobody adds to it:
// their owners are dead. What the owners made last may be younger than the
// names, so the directory is read once more.
func sweepLocks(place string, names []string) (removed []string, err error) {
	var errs []error
	held := map[string]*sys.Lock{} // by token
	for _, name := range names {
		lock, err := sys.OpenLock(filepath.Join(place, name))
		if err == nil {
			token, _, _ := tokenOf(name)
			held[token] = lock
		} else if !errors.Is(err, sys.ErrNotFree) {
			errs = append(errs, fmt.Errorf("tempdir: sweep: %w", err))
		}
	}
	if len(held) == 0 {
		return nil, errors.Join(errs...)
	}
	names, unread := readNames(place)
	if unread != nil {
		errs = append(errs, fmt.Errorf("tempdir: sweep: %w", unread))
	}
	left := map[string]bool{} // tokens whose lock file must stay
	for _, name := range names {
		token, rest, ok := tokenOf(name)
		if !ok || held[token] == nil || rest[0] != '-' {
			continue
		}
		path := filepath.Join(place, name)
		was, err := sweepDir(path)
		if was {
			removed = append(removed, path)
		}
		if err != nil {
			left[token] = true
			errs = append(errs, err)
		}
	}
	for token, lock := range held {
		if err := lock.Release(unread == nil && !left[token]); err != nil {
			errs = append(errs, fmt.Errorf("tempdir: sweep: %w", err))
		}
	}
	return removed, errors.Join(errs...)
}

// sweepDir removes a directory, if it is one, and this user's.
func sweepDir(path string) (removed bool, err error) {
	seen, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("tempdir: sweep: %w", err)
	case !seen.IsDir() || !sys.Owned(seen):
		return false, nil
	}
	if err := rmtree.Remove(path, seen); err != nil {
		return false, fmt.Errorf("tempdir: sweep: %w", err)
	}
	return true, nil
}
