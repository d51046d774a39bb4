package tracker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"multiproc/internal/rmtree"
)

// tempdir registers for others, who are the ones to name.
var tempdir = strings.TrimSuffix(here, "tracker") + "tempdir"

// Kinds for what most programs leave behind. A path is made absolute when it is
// registered; a symbolic link is removed itself, and not what it points to.
var (
	// Dir is a directory with all that is in it.
	Dir = path("dir", removeDir)

	// File is a file, or the name of a socket or a pipe. Directories are
	// removed if they are empty.
	File = path("file", func(_ context.Context, file string) error {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
)

func removeDir(_ context.Context, dir string) error {
	seen, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !seen.IsDir():
		return os.Remove(dir)
	}
	return rmtree.Remove(dir, seen)
}

func path(name string, remove func(context.Context, string) error) *Kind[string] {
	k := newKind(here+"."+name, name, remove)
	k.prepare = absolute
	return k
}

func absolute(p string) (string, error) {
	if p == "" {
		return "", errors.New("the path is empty")
	}
	return filepath.Abs(p)
}
