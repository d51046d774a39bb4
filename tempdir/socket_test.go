package tempdir

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"multiproc/unixsock"
)

// bind binds a socket to the address and talks through it.
func bind(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	l.(*net.UnixListener).SetUnlinkOnClose(false) // remove takes it along
}

func socket(t *testing.T) (address string, remove func() error) {
	t.Helper()
	address, remove, err := Socket()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Dir(address)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("directory %v, %v", info, err)
	}
	return address, remove
}

// shortDir makes a directory with a short path, whatever TMPDIR is.
func shortDir(t *testing.T) string {
	t.Helper()
	base := "/tmp"
	if runtime.GOOS == "windows" {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "s") //nolint:usetesting // that one's path is long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// fill makes directories below dir, so that the path is size bytes long and its
// names consist of text, and at the end of filler.
func fill(t *testing.T, dir string, size int, text string) string {
	t.Helper()
	for len(dir) < size {
		n := min(size-len(dir)-1, 100)
		if size-len(dir)-1-n == 1 {
			n-- // room for a slash and nothing else
		}
		name := strings.Repeat(text, n/len(text))
		dir += "/" + name + strings.Repeat("x", n-len(name))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TESTS row 209, PAINS row 56. TMPDIR of each length, counted in bytes, with
// ASCII and other names; the shortest are relative.
func TestSocketForEachLengthOfTMPDIR(t *testing.T) {
	fresh(t)
	other := shortDir(t)
	setShortPlaces(t, other)
	for _, text := range []string{"a", "é", "漢", "\xff"} {
		base := shortDir(t)
		t.Chdir(base)
		limit := unixsock.MaxPath - tail
		for size := 1; size <= 200; size++ {
			var tmp, absolute string
			if size <= len(base)+1 {
				tmp = strings.Repeat("x", size)
				if err := os.MkdirAll(tmp, 0o700); err != nil {
					t.Fatal(err)
				}
				absolute = filepath.Join(base, tmp)
			} else {
				tmp = fill(t, base, size, text)
				absolute = tmp
			}
			if len(tmp) != size {
				t.Fatalf("%q is %d bytes long, want %d", tmp, len(tmp), size)
			}
			t.Setenv("TMPDIR", tmp)
			address, remove := socket(t)
			bind(t, address)
			if stays := strings.HasPrefix(address, absolute+"/"); stays != (len(absolute) <= limit) {
				t.Errorf("%d bytes of %q: %s", size, text, address)
			}
			if !strings.HasPrefix(address, absolute+"/") && !strings.HasPrefix(address, other+"/") {
				t.Errorf("%d bytes of %q: %s", size, text, address)
			}
			if err := remove(); err != nil || exists(filepath.Dir(address)) {
				t.Errorf("remove = %v", err)
			}
		}
	}
	if names := list(t, other); len(names) != 0 {
		t.Errorf("left %q", names)
	}
}

func TestSocketLengthIsWhatTailSays(t *testing.T) {
	fresh(t)
	dir := shortDir(t)
	t.Setenv("TMPDIR", fill(t, dir, unixsock.MaxPath-tail, "x"))
	setShortPlaces(t)
	address, remove := socket(t)
	if len(address) != unixsock.MaxPath {
		t.Errorf("%q is %d bytes long, want %d", address, len(address), unixsock.MaxPath)
	}
	bind(t, address)
	if err := remove(); err != nil {
		t.Error(err)
	}
	t.Setenv("TMPDIR", fill(t, dir, unixsock.MaxPath-tail+1, "x"))
	if address, _, err := Socket(); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("Socket = %q, %v", address, err)
	}
}

func TestSocketInTheRoot(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are volumes")
	}
	if !fits("/") || len("/"+prefix+strings.Repeat("x", textLen)+"-"+strings.Repeat("x", textLen)+"/"+leaf) != tail {
		t.Error("the root is counted as longer than it is")
	}
}

// The places that are really gone to, in their order.
func TestSocketGoesToTheFirstUsablePlace(t *testing.T) {
	real := shortPlaces()
	fresh(t)
	long := fill(t, shortDir(t), 150, "x")
	t.Setenv("TMPDIR", long)
	setShortPlaces(t, real...)
	address, remove := socket(t)
	bind(t, address)
	if filepath.Dir(filepath.Dir(address)) != "/tmp" && runtime.GOOS == "linux" {
		t.Errorf("Socket = %s", address)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}

	good := shortDir(t)
	setShortPlaces(t, "/missing", long, good, "/missing/too")
	address, remove = socket(t)
	if filepath.Dir(filepath.Dir(address)) != good {
		t.Errorf("Socket = %s", address)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
}

func TestSocketWithNoPlace(t *testing.T) {
	fresh(t)
	tracker := useTracker(t)
	long := fill(t, shortDir(t), 150, "x")
	t.Setenv("TMPDIR", long)
	setShortPlaces(t, "/missing/one", "/missing/two")
	address, _, err := Socket()
	if !errors.Is(err, syscall.ENAMETOOLONG) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Socket = %q, %v", address, err)
	}
	for _, part := range []string{long, "150 bytes", "at most 77", "107", "/missing/one", "/missing/two"} {
		if runtime.GOOS == "linux" && !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
	if n := len(tracker.calls); n != 4 || len(owners.in) != 0 {
		t.Errorf("calls %q, owners %v", tracker.calls, owners.in)
	}
}

// A short TMPDIR that is not usable is not left for another place.
func TestSocketInUnusableTMPDIR(t *testing.T) {
	fresh(t)
	setShortPlaces(t, shortDir(t))
	t.Setenv("TMPDIR", "/missing")
	if address, _, err := Socket(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Socket = %q, %v", address, err)
	}
}
