package main

import (
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"

	"multiproc/tracker"
)

// An output is a directory of thumbnails in the making: beside the place where
// it will be, and known to the tracker, which removes it if this process dies.
type output struct {
	dir, staging string
	names        []string // of the pictures
}

func newOutput(dir string) (*output, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o := &output{dir: dir, staging: filepath.Join(filepath.Dir(dir), ".thumbs-"+rand.Text())}
	if err := tracker.Dir.Register(o.staging); err != nil {
		return nil, err
	}
	if err := os.Mkdir(o.staging, 0o777); err != nil {
		return nil, errors.Join(err, tracker.Dir.Unregister(o.staging))
	}
	return o, nil
}

// add keeps the thumbnail of a picture on disk, where it costs no memory.
func (o *output) add(name string, thumbnail []byte) error {
	o.names = append(o.names, name)
	path := o.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, thumbnail, 0o666)
}

// path is where the thumbnail of a picture is. Its name gets a second extension,
// for there may be an a.jpg and an a.png.
func (o *output) path(name string) string { return filepath.Join(o.staging, name+".png") }

func (o *output) load(name string) (image.Image, error) {
	f, err := os.Open(o.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// finish draws the sheet, moves everything to its place, the sheet last, and
// returns the sheet's path.
func (o *output) finish(side int) (string, error) {
	const name = "sheet.png"
	f, err := os.Create(filepath.Join(o.staging, name))
	if err != nil {
		return "", err
	}
	if err := errors.Join(writeSheet(f, o.names, side, o.load), f.Close()); err != nil {
		return "", err
	}
	visit := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == f.Name() {
			return err
		}
		return o.move(path)
	}
	err = filepath.WalkDir(o.staging, visit)
	if err == nil {
		err = o.move(f.Name())
	}
	return filepath.Join(o.dir, name), err
}

func (o *output) move(path string) error {
	rel, err := filepath.Rel(o.staging, path)
	if err != nil {
		return err
	}
	to := filepath.Join(o.dir, rel)
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.Rename(path, to)
}

// discard removes what finish has not moved.
func (o *output) discard() error {
	return tracker.Dir.Release(context.Background(), o.staging)
}
