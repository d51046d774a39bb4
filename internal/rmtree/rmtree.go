// Package rmtree removes a directory with all that is in it: whatever its modes
// are, and without following a link.
package rmtree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"multiproc/internal/sys"
)

const mode = 0o700

// Remove removes the directory at path with what is in it, if it is still the
// one that was seen before: what has taken its name is not ours to remove.
//
// os.RemoveAll does nearly all of it: it opens each directory from the one
// above without following links, so that whoever swaps in a link loses the link.
// It stops at what it may not read or write, which the stubborn walk makes
// readable and writable first, and it names one leftover, where that names all.
func Remove(path string, seen fs.FileInfo) error {
	same, err := Same(path, seen)
	if err != nil {
		return fmt.Errorf("can't look for what is to be removed: %w", err)
	}
	if !same {
		return nil
	}
	if syscall.Rmdir(path) == nil || os.RemoveAll(path) == nil { // most are empty
		return nil
	}
	left := &leftover{top: path}
	left.removeTop(seen)
	if left.count == 0 {
		return nil
	}
	return left
}

// A leftover is what could not be removed from a directory.
type leftover struct {
	top   string
	count int
	names []string // below top, the first few
	err   error    // of the first
}

func (l *leftover) Error() string {
	more := ""
	if n := l.count - len(l.names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s is not removed, for what is left in it: %s%s: %v", l.top, strings.Join(l.names, ", "), more, l.err)
}

func (l *leftover) Unwrap() error { return l.err }

func (l *leftover) add(name string, err error) {
	const few = 10
	if l.count++; l.count <= few {
		l.names = append(l.names, fmt.Sprintf("%q", name))
	}
	if l.err == nil {
		l.err = err
	}
}

// removeTop goes about it without opening the directory above, which needs not
// be readable.
func (l *leftover) removeTop(seen fs.FileInfo) {
	root, err := os.OpenRoot(l.top)
	if errors.Is(err, fs.ErrPermission) && sys.ChmodDir(l.top, mode) == nil {
		root, err = os.OpenRoot(l.top)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		l.add(".", err)
		return
	}
	defer root.Close() //nolint:errcheck // nothing was written
	// A link may have been opened.
	if opened, err := root.Stat("."); err != nil || !os.SameFile(seen, opened) {
		return
	}
	before := l.count
	l.empty(root, "")
	if err := os.Remove(l.top); err != nil && !errors.Is(err, fs.ErrNotExist) && l.count == before {
		l.add(".", err)
	}
}

// empty removes what is in a directory, whose name from the top is given.
func (l *leftover) empty(root *os.Root, at string) {
	if info, err := root.Lstat("."); err == nil && info.Mode().Perm()&mode != mode {
		_ = root.Chmod(".", mode) // what follows tells
	}
	d, err := root.Open(".")
	if err != nil {
		l.add(at, err)
		return
	}
	names, err := d.Readdirnames(-1)
	d.Close() // before going down: one descriptor for each level is enough
	if err != nil {
		l.add(at, err)
	}
	for _, name := range names {
		l.removeName(root, name, filepath.Join(at, name))
	}
}

func (l *leftover) removeName(root *os.Root, name, at string) {
	err := root.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return
	}
	info, statErr := root.Lstat(name)
	if statErr != nil || !info.IsDir() {
		l.add(at, err)
		return
	}
	// Only directories: a file may have other names, outside. What is swapped in
	// for this one is below root, where everything is to go; Chmod follows nothing
	// out of it.
	if info.Mode().Perm()&mode != mode {
		_ = root.Chmod(name, mode)
	}
	sub, err := root.OpenRoot(name)
	if err != nil {
		l.add(at, err)
		return
	}
	before := l.count
	l.empty(sub, at)
	_ = sub.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) && l.count == before {
		l.add(at, err)
	}
}

// Same tells whether path is, itself, the directory that was seen before.
func Same(path string, seen fs.FileInfo) (bool, error) {
	now, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil && os.SameFile(seen, now), err
}
