package tempdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"multiproc/internal/sys"
)

// dead makes what a process leaves that gets no time to clean up: n directories
// with a file each, and a lock that nobody holds.
func dead(t *testing.T, place string, n int) (lock string, dirs []string) {
	t.Helper()
	base := filepath.Join(place, prefix+randomText())
	lock = base + suffix
	l, err := sys.CreateLock(lock)
	if err != nil {
		t.Fatal(err)
	}
	l.Release(false)
	for range n {
		dir := base + "-" + randomText()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "file"))
		dirs = append(dirs, dir)
	}
	return lock, dirs
}

func TestSweepRemovesTheDeadsAlone(t *testing.T) {
	place := fresh(t)
	mine := get(t)
	_, dirs := dead(t, place, 3)
	_, more := dead(t, place, 1)
	dead(t, place, 0) // it died before it made one
	dirs = append(dirs, more...)
	removed, err := Sweep()
	slices.Sort(removed)
	slices.Sort(dirs)
	if err != nil || !slices.Equal(removed, dirs) {
		t.Errorf("Sweep = %q, %v, want %q", removed, err, dirs)
	}
	if !exists(mine) || len(list(t, place)) != 2 {
		t.Errorf("mine is there: %v; there are %q", exists(mine), list(t, place))
	}
	if removed, err := Sweep(); err != nil || len(removed) != 0 {
		t.Errorf("again: %q, %v", removed, err)
	}
}

// More dead processes than descriptors that are held at a time.
func TestSweepOfMany(t *testing.T) {
	place := fresh(t)
	for range 150 {
		dead(t, place, 2)
	}
	if removed, err := Sweep(); err != nil || len(removed) != 300 || len(list(t, place)) != 0 {
		t.Errorf("%d removed, %v, left %q", len(removed), err, list(t, place))
	}
}

func TestSweepsAtTheSameTimeShareTheWork(t *testing.T) {
	place := fresh(t)
	var want, got []string
	for range 100 {
		_, dirs := dead(t, place, 2)
		want = append(want, dirs...)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		all.Go(func() {
			removed, err := Sweep()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			got = append(got, removed...)
			mu.Unlock()
		})
	}
	all.Wait()
	// One that meets the other's lock goes on; all is removed by somebody, once.
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || len(list(t, place)) != 0 {
		t.Errorf("removed %d, want %d; left %q", len(got), len(want), list(t, place))
	}
}

// What is only called like ours is somebody else's.
func TestSweepLeavesOthersAlone(t *testing.T) {
	place := fresh(t)
	precious := filepath.Join(t.TempDir(), "precious")
	os.Mkdir(precious, 0o700)
	write(t, filepath.Join(precious, "file"))
	empty := filepath.Join(precious, "empty")
	os.WriteFile(empty, nil, 0o600)

	at := func(name string) string { return filepath.Join(place, name) }
	for _, name := range []string{
		"multiproc-mine", "multiproc-", "multiproc-abcdefgh", "multiproc-abcdefgh-nolock", "multiproc-ABCDEFGH-x",
		"multiproc-full2222-x", "multiproc-dirs2222-x", "multiproc-dirs2222.lock", "multiproc-link2222-x", "multiproc-long2222x-x",
	} {
		if err := os.Mkdir(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(at(name), "file"))
	}
	write(t, at("multiproc-full2222.lock")) // not empty
	os.WriteFile(at("multiproc-long2222x.lock"), nil, 0o600)
	os.WriteFile(at("multiproc-.lock"), nil, 0o600)
	os.WriteFile(at("multiproc-ABCDEFGH.lock"), nil, 0o600)
	if err := os.Symlink(empty, at("multiproc-link2222.lock")); err != nil {
		t.Log("no links here:", err)
	}
	before := len(list(t, place))

	// One that is dead, whose names a file and a link have too.
	lock, dirs := dead(t, place, 1)
	token, _, _ := tokenOf(filepath.Base(lock))
	write(t, at(prefix+token+"-file"))
	os.Symlink(precious, at(prefix+token+"-link"))

	removed, err := Sweep()
	if err != nil || !slices.Equal(removed, dirs) {
		t.Errorf("Sweep = %q, %v, want %q", removed, err, dirs)
	}
	os.Remove(at(prefix + token + "-file"))
	os.Remove(at(prefix + token + "-link"))
	if n := len(list(t, place)); n != before {
		t.Errorf("there were %d, and are %q", before, list(t, place))
	}
	if !exists(filepath.Join(precious, "file")) || !exists(empty) {
		t.Error("what a link led to was removed")
	}
	for _, name := range list(t, place) {
		os.RemoveAll(at(name))
	}
}

// It goes where sockets go, and a place that is not there is an error only if
// it is TMPDIR.
func TestSweepPlaces(t *testing.T) {
	place := fresh(t)
	other := t.TempDir()
	setShortPlaces(t, "/missing", other, place, other)
	_, here := dead(t, place, 1)
	_, there := dead(t, other, 1)
	removed, err := Sweep()
	if want := slices.Concat(here, there); err != nil || !slices.Equal(removed, want) {
		t.Errorf("Sweep = %q, %v, want %q", removed, err, want)
	}
	_, there = dead(t, other, 1)
	t.Setenv("TMPDIR", filepath.Join(place, "missing"))
	t.Setenv("TMP", filepath.Join(place, "missing"))
	removed, err = Sweep()
	if !errors.Is(err, fs.ErrNotExist) || !slices.Equal(removed, there) {
		t.Errorf("Sweep = %q, %v, want %q and an error", removed, err, there)
	}
}
