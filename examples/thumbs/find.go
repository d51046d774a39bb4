package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are those of the formats that the worker can decode.
var extensions = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// find lists the pictures below dir, in lexical order, by their paths below it.
// Links are not followed, and nothing is looked for in the directory skip. What
// can't be listed is a failure; the rest is found all the same.
func find(dir, skip string) (names []string, failures []failure) {
	old, _ := os.Stat(skip) // nil if there is none yet
	visit := func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(dir, path)
		switch {
		case err != nil:
			failures = append(failures, failure{path, err})
		case relErr != nil:
			return relErr
		case d.IsDir() && path != dir:
			if info, err := d.Info(); err == nil && os.SameFile(info, old) {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			names = append(names, name)
		}
		return nil
	}
	if err := filepath.WalkDir(dir, visit); err != nil {
		failures = append(failures, failure{dir, err})
	}
	return names, failures
}
