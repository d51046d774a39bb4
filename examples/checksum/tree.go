package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// A file is a regular file of the tree.
type file struct {
	path string // as find would print it
	size int64
}

// find lists the regular files below dir, sorted by path, byte by byte. What
// can't be listed is a failure; the rest is found all the same.
//
// The paths are built here, and not by filepath.WalkDir, because that would
// clean them: "./a" would come out as "a".
func find(dir string) ([]file, []failure) {
	w := &walker{}
	switch info, err := os.Lstat(dir); {
	case err != nil:
		w.fail(dir, err)
	case info.IsDir():
		w.walk(dir)
	case info.Mode().IsRegular():
		w.files = append(w.files, file{dir, info.Size()})
	default:
		w.fail(dir, &fs.PathError{Op: "walk", Path: dir, Err: errors.New("neither a directory nor a regular file")})
	}
	slices.SortFunc(w.files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return w.files, w.failures
}

type walker struct {
	files    []file
	failures []failure
}

func (w *walker) walk(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.fail(dir, err) // and on with what could be read
	}
	prefix := dir
	if !strings.HasSuffix(dir, "/") {
		prefix += "/"
	}
	for _, e := range entries {
		path := prefix + e.Name()
		switch {
		case e.IsDir():
			w.walk(path)
		case e.Type().IsRegular():
			w.files = append(w.files, file{path, size(e)})
		}
	}
}

// size is a help for dividing the work, so a file that just went counts as
// empty: the child that opens it will say what is the matter.
func size(e fs.DirEntry) int64 {
	info, err := e.Info()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (w *walker) fail(path string, err error) {
	op, text := cause(err)
	w.failures = append(w.failures, failure{path: path, op: op, text: text})
}

// A job is a run of files, files[from:to], for one child.
type job struct {
	from, to int
	bytes    int64
}

const (
	maxFiles = 256      // so that the result stays small
	minBytes = 1 << 20  // so that starting a child pays
	maxBytes = 64 << 20 // so that little is lost with a child
)

// divide makes jobs of the files: several for each worker, so that nobody waits
// long for the last, and the largest first, for the same reason. A huge file is
// a job by itself.
func divide(files []file, workers int) []job {
	var total int64
	for _, f := range files {
		total += f.size
	}
	limit := min(max(total/int64(4*workers), minBytes), maxBytes)

	var jobs []job
	for i, f := range files {
		last := len(jobs) - 1
		if last < 0 || jobs[last].bytes+f.size > limit || i-jobs[last].from >= maxFiles {
			jobs = append(jobs, job{from: i})
			last++
		}
		jobs[last].to = i + 1
		jobs[last].bytes += f.size
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(b.bytes, a.bytes) })
	return jobs
}
