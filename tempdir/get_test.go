package tempdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"multiproc/finalize"
)

func TestGetMakesOneOfItsOwn(t *testing.T) {
	place := fresh(t)
	path := get(t)
	if filepath.Dir(path) != place || !strings.HasPrefix(filepath.Base(path), "multiproc-") || get(t) != path {
		t.Errorf("Get = %s, then %s; in %s", path, get(t), place)
	}
	if err := Remove(); err != nil || exists(path) {
		t.Errorf("Remove = %v, still there: %v", err, exists(path))
	}
	if next := get(t); next == path || !exists(next) {
		t.Errorf("after Remove: %s, there: %v", next, exists(next))
	}
}

// PAINS row 62: 16 threads made 16 directories.
func TestGetByManyAtOnceMakesOne(t *testing.T) {
	place := fresh(t)
	useTracker(t)
	const n = 100
	paths := make([]string, n)
	var asking atomic.Int32
	file := track.file
	track.file = func(path string) error { // the first is slow
		for asking.Load() < n {
			runtime.Gosched()
		}
		return file(path)
	}
	var all sync.WaitGroup
	for i := range paths {
		all.Go(func() {
			asking.Add(1)
			paths[i], _ = Get()
		})
	}
	all.Wait()
	slices.Sort(paths)
	if paths = slices.Compact(paths); len(paths) != 1 || paths[0] == "" || len(list(t, place)) != 2 {
		t.Errorf("got %q; there are %q", paths, list(t, place))
	}
}

func TestGetAndRemoveAndRunAllByMany(t *testing.T) {
	fresh(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				path, err := Get()
				if err != nil || !filepath.IsAbs(path) {
					t.Errorf("Get = %q, %v", path, err)
				}
				switch i {
				case 0:
					err = Remove()
				case 1:
					err = finalize.RunAll()
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestErrorIsNotRemembered(t *testing.T) {
	place := fresh(t)
	missing := filepath.Join(place, "missing")
	t.Setenv("TMPDIR", missing)
	t.Setenv("TMP", missing)
	if path, err := Get(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Fatalf("Get = %q, %v", path, err)
	}
	if err := os.Mkdir(missing, 0o700); err != nil {
		t.Fatal(err)
	}
	if path := get(t); filepath.Dir(path) != missing {
		t.Errorf("Get = %s", path)
	}
	if err := errors.Join(Remove(), os.Remove(missing)); err != nil {
		t.Error(err)
	}
}

// Somebody removes the directory, or puts something else in its place.
func TestGetNoticesThatItHasGone(t *testing.T) {
	place := fresh(t)
	tracker := useTracker(t)
	t.Run("removed", func(t *testing.T) {
		path := get(t)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if next := get(t); next == path || !exists(next) {
			t.Errorf("Get = %s again", next)
		}
		if !slices.Contains(tracker.calls, "undir "+path+" false") {
			t.Errorf("tracker was not told: %q", tracker.calls)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		path := get(t)
		moved := filepath.Join(place, "moved") // so that its number is not used again
		if err := errors.Join(os.Rename(path, moved), os.Mkdir(path, 0o755)); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(path, "another's"))
		if next := get(t); next == path {
			t.Errorf("Get = %s, which is another's", next)
		}
		if err := Remove(); err != nil || !exists(filepath.Join(path, "another's")) {
			t.Errorf("another's directory was removed; %v", err)
		}
		os.RemoveAll(path)
		os.RemoveAll(moved)
	})
	t.Run("with its lock", func(t *testing.T) {
		path := get(t)
		_, remove, err := Make("") // which keeps the owner
		if err != nil {
			t.Fatal(err)
		}
		defer remove()
		for _, name := range list(t, place) {
			os.RemoveAll(filepath.Join(place, name))
		}
		next := get(t)
		a, _, _ := tokenOf(filepath.Base(path))
		b, _, _ := tokenOf(filepath.Base(next))
		if a == b || !exists(filepath.Join(place, prefix+b+suffix)) {
			t.Errorf("%s has no lock; there are %q", next, list(t, place))
		}
	})
}

func TestFinalizerRemovesAtTheEnd(t *testing.T) {
	place := fresh(t)
	path := get(t)
	var ran []string
	finalize.AtExit(func() error { ran = append(ran, "-99"); get(t); return nil }, -99)
	finalize.AtExit(func() error {
		ran = append(ran, "-101")
		if exists(path) {
			t.Error("still there below priority -100")
		}
		return nil
	}, -101)
	if err := finalize.RunFrom(-99); err != nil || !exists(path) {
		t.Errorf("gone above priority -100; %v", err)
	}
	if err := finalize.RunAll(); err != nil || len(list(t, place)) != 0 || len(ran) != 2 {
		t.Errorf("RunAll = %v, left %q, ran %q", err, list(t, place), ran)
	}
	if next := get(t); next == path {
		t.Error("Get returns what is gone")
	}
}

func TestTMPDIR(t *testing.T) {
	place := fresh(t)
	in := func(t *testing.T, value string) {
		t.Setenv("TMPDIR", value)
		t.Setenv("TMP", value)
	}
	t.Run("relative", func(t *testing.T) {
		t.Chdir(place)
		os.Mkdir("rel", 0o700)
		in(t, "rel")
		path, remove, err := Make("x")
		if err != nil || filepath.Dir(path) != filepath.Join(place, "rel") {
			t.Fatalf("Make = %q, %v", path, err)
		}
		t.Chdir(t.TempDir()) // what is absolute doesn't mind
		if err := remove(); err != nil || exists(path) {
			t.Errorf("remove = %v, there: %v", err, exists(path))
		}
	})
	t.Run("changed", func(t *testing.T) {
		a, b := t.TempDir(), t.TempDir()
		in(t, a)
		own := get(t)
		in(t, b)
		path, remove, err := Make("")
		if err != nil || filepath.Dir(path) != b || get(t) != own {
			t.Errorf("Make = %q, %v; Get = %s, was %s", path, err, get(t), own)
		}
		if err := errors.Join(remove(), Remove()); err != nil || len(list(t, a))+len(list(t, b)) != 0 {
			t.Errorf("%v; left %q and %q", err, list(t, a), list(t, b))
		}
	})
	t.Run("a file", func(t *testing.T) {
		file := filepath.Join(place, "file")
		write(t, file)
		in(t, file)
		if _, err := Get(); err == nil || runtime.GOOS != "windows" && !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("Get: %v", err)
		}
		os.Remove(file)
	})
	os.Remove(filepath.Join(place, "rel"))
}
