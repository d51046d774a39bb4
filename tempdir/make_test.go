package tempdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"multiproc/finalize"
	"multiproc/internal/sys"
	"multiproc/tracker"
)

func TestMakePatterns(t *testing.T) {
	place := fresh(t)
	for pattern, want := range map[string]string{
		"":       "%",
		"job":    "job%",
		"job-*":  "job-%",
		"*.d":    "%.d",
		"a*b*c":  `a\*b%c`,
		"..":     `\.\.%`,
		"größe*": "größe%",
	} {
		path, remove, err := Make(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		re := "^multiproc-[a-z2-7]{8}-" + strings.ReplaceAll(want, "%", "[a-z2-7]{8}") + "$"
		if filepath.Dir(path) != place || !regexp.MustCompile(re).MatchString(filepath.Base(path)) {
			t.Errorf("%q: %s", pattern, path)
		}
		if err := remove(); err != nil || exists(path) {
			t.Errorf("%q: remove = %v, there: %v", pattern, err, exists(path))
		}
	}
	for _, pattern := range []string{"a/b", "/", "../x*"} {
		if path, _, err := Make(pattern); err == nil || !strings.Contains(err.Error(), "separator") {
			t.Errorf("Make(%q) = %q, %v", pattern, path, err)
		}
	}
	for _, pattern := range []string{strings.Repeat("x", 300), "a\x00b"} {
		if path, _, err := Make(pattern); err == nil {
			t.Errorf("Make(%q) = %q", pattern, path)
		}
	}
}

func TestRemoveByManyOnce(t *testing.T) {
	fresh(t)
	fake := useTracker(t)
	path, remove, err := Make("")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(path, "file"))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := remove(); err != nil || exists(path) {
				t.Errorf("remove = %v, there: %v", err, exists(path))
			}
		})
	}
	all.Wait()
	if n := len(fake.calls); n != 4 {
		t.Errorf("tracker was called %d times: %q", n, fake.calls)
	}
}

// One lock, and so one descriptor, for all directories of a process.
func TestOneLockForAll(t *testing.T) {
	place := fresh(t)
	var removes []func() error
	for range 10 {
		_, remove, err := Make("")
		if err != nil {
			t.Fatal(err)
		}
		removes = append(removes, remove)
	}
	if names := list(t, place); len(names) != 11 || len(owners.in) != 1 {
		t.Errorf("there are %q", names)
	}
	if err := finalize.RunAll(); err != nil {
		t.Error(err)
	}
	for _, remove := range removes {
		if err := remove(); err != nil { // after the finalizer
			t.Error(err)
		}
	}
}

// Registered before it exists, unregistered after it is gone; the lock around
// all of it.
func TestTrackedBeforeItExists(t *testing.T) {
	place := fresh(t)
	fake := useTracker(t)
	path, remove, err := Make("")
	if err != nil {
		t.Fatal(err)
	}
	token, _, _ := tokenOf(filepath.Base(path))
	lock := filepath.Join(place, prefix+token+suffix)
	if err := remove(); err != nil {
		t.Error(err)
	}
	want := []string{"file " + lock + " false", "dir " + path + " false", "undir " + path + " false", "unfile " + lock + " false"}
	if !slices.Equal(fake.calls, want) {
		t.Errorf("calls %q, want %q", fake.calls, want)
	}
}

var errTracker = errors.New("no descriptors")

// A tracker that fails is an error, and nothing was made or is left; one that
// is not to be had is none.
func TestTrackerFails(t *testing.T) {
	for call, after := range map[string]string{"dir": "[file unfile]", "file": "[]"} {
		place := fresh(t)
		fake := useTracker(t)
		fake.fail[call] = errTracker
		if path, _, err := Make(""); !errors.Is(err, errTracker) || len(list(t, place)) != 0 {
			t.Errorf("%s: Make = %q, %v; left %q", call, path, err, list(t, place))
		}
		var names []string
		for _, c := range fake.calls {
			names = append(names, strings.Fields(c)[0])
		}
		if got := "[" + strings.Join(names, " ") + "]"; got != after {
			t.Errorf("%s: then %s, want %s", call, got, after)
		}
		fake.fail[call] = tracker.ErrNotInitialized
		if path, remove, err := Make(""); err != nil || remove() != nil || exists(path) {
			t.Errorf("%s: untracked: Make = %q, %v", call, path, err)
		}
		for _, c := range fake.calls {
			if strings.HasPrefix(c, "un"+call+" ") && call == "dir" {
				t.Errorf("unregistered what was not registered: %q", fake.calls)
			}
		}
	}
	for _, call := range []string{"undir", "unfile"} {
		fresh(t)
		fake := useTracker(t)
		fake.fail[call] = errTracker
		path, remove, err := Make("")
		if err != nil {
			t.Fatal(err)
		}
		if err := remove(); !errors.Is(err, errTracker) || exists(path) || !strings.Contains(err.Error(), "is gone") {
			t.Errorf("%s: remove = %v, there: %v", call, err, exists(path))
		}
		if err := remove(); err != nil {
			t.Errorf("%s: the second remove: %v", call, err)
		}
	}
}

// A name that is taken is not used, whatever has it.
func TestTakenNames(t *testing.T) {
	place := fresh(t)
	fake := useTracker(t)
	hold := get(t) // the lock
	token, _, _ := tokenOf(filepath.Base(hold))
	taken := filepath.Join(place, prefix+token+"-taken")
	write(t, taken)
	d := &dir{owner: owners.in[place], path: taken}
	if err := d.make(); !errors.Is(err, fs.ErrExist) || !exists(taken) {
		t.Errorf("make = %v, there: %v", err, exists(taken))
	}
	if last := fake.calls[len(fake.calls)-1]; last != "undir "+taken+" true" {
		t.Errorf("last call %q", last)
	}
	os.Remove(taken)
}

func TestTakenNamesAreTriedAgain(t *testing.T) {
	fresh(t)
	fake := useTracker(t)
	defer func(r func() uint64) { random = r }(random)
	numbers := []uint64{1, 2, 2, 2, 3} // the token, the first, taken twice, free
	random = func() (n uint64) {
		n, numbers = numbers[0], numbers[1:]
		return n
	}
	first := get(t)
	path, remove, err := Make("")
	if err != nil || path == first || len(numbers) != 0 {
		t.Fatalf("Make = %q, %v; left %d numbers", path, err, len(numbers))
	}
	want := []string{"dir " + first + " true", "undir " + first + " true", "dir " + first + " true", "undir " + first + " true", "dir " + path + " false"}
	if got := fake.calls[2:]; !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	if err := remove(); err != nil || !exists(first) {
		t.Errorf("remove = %v; the first is there: %v", err, exists(first))
	}
}

// The lock's name is taken, or a Sweep takes it away, then the file system has
// none; each leaves no trace.
func TestLockIsTriedAgain(t *testing.T) {
	place := fresh(t)
	fake := useTracker(t)
	defer func() { createLock = sys.CreateLock }()
	tries := 0
	createLock = func(path string) (*sys.Lock, error) {
		if tries++; tries < 4 {
			return nil, [...]error{fs.ErrExist, sys.ErrNotFree, fs.ErrExist}[tries-1]
		}
		return sys.CreateLock(path)
	}
	get(t)
	if err := Remove(); err != nil || tries != 4 || len(fake.calls) != 2*4+2 {
		t.Errorf("Remove = %v, %d tries, calls %q", err, tries, fake.calls)
	}

	createLock = func(string) (*sys.Lock, error) { return nil, fs.ErrExist }
	if _, err := Get(); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "100 attempts") {
		t.Errorf("Get: %v", err)
	}

	createLock = func(string) (*sys.Lock, error) { return nil, errors.ErrUnsupported }
	path := get(t)
	if names := list(t, place); len(names) != 1 {
		t.Errorf("there are %q", names)
	}
	if removed, err := Sweep(); err != nil || len(removed) != 0 || !exists(path) {
		t.Errorf("Sweep = %q, %v", removed, err)
	}
}
