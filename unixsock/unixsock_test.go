package unixsock_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"multiproc/internal/leak"
	"multiproc/unixsock"
)

func TestMain(m *testing.M) { leak.Main(m) }

// listen binds a socket and lets go of it.
func listen(address string) error {
	l, err := net.Listen("unix", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// Every length up to MaxPath binds, and nothing beyond: of bytes, as what has
// two for each character shows.
func TestMaxPath(t *testing.T) {
	t.Chdir(t.TempDir()) // which may be longer than MaxPath itself
	for n := 1; n <= 2*unixsock.MaxPath; n++ {
		for _, name := range []string{strings.Repeat("x", n), strings.Repeat("é", n/2) + strings.Repeat("x", n%2)} {
			if len(name) != n {
				t.Fatalf("%d bytes, want %d", len(name), n)
			}
			if err := listen(name); (err == nil) != (n <= unixsock.MaxPath) {
				t.Errorf("%d bytes: %v, MaxPath is %d", n, err, unixsock.MaxPath)
			}
		}
	}
}

func TestMaxPathIsTheSystems(t *testing.T) {
	want := 103
	if runtime.GOOS == "linux" || runtime.GOOS == "windows" {
		want = 107
	}
	if unixsock.MaxPath != want {
		t.Errorf("MaxPath = %d, want %d", unixsock.MaxPath, want)
	}
}

func TestAbstractSupported(t *testing.T) {
	if unixsock.AbstractSupported != (runtime.GOOS == "linux" || runtime.GOOS == "android") {
		t.Errorf("AbstractSupported = %v on %s", unixsock.AbstractSupported, runtime.GOOS)
	}
}

func TestIsAbstract(t *testing.T) {
	for address, want := range map[string]bool{
		"":              false,
		"\x00":          true,
		"\x00name":      true,
		"@":             unixsock.AbstractSupported,
		"@name":         unixsock.AbstractSupported,
		"name":          false,
		"name@":         false,
		"./@name":       false,
		"/tmp/\x00name": false,
		" @name":        false,
	} {
		if got := unixsock.IsAbstract(address); got != want {
			t.Errorf("IsAbstract(%q) = %v, want %v", address, got, want)
		}
	}
}

// The system agrees on which addresses are files.
func TestAbstractNamesAreNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	unique := fmt.Sprintf("multiproc-test-%d", os.Getpid())
	for _, address := range []string{"@" + unique, "\x00" + unique + "-nul", "a", "a@", "./@b"} {
		if address[0] == 0 && !unixsock.AbstractSupported {
			continue // no address at all
		}
		l, err := net.Listen("unix", address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		_, err = os.Lstat(strings.ReplaceAll(address, "\x00", "@"))
		if isFile := !errors.Is(err, fs.ErrNotExist); isFile == unixsock.IsAbstract(address) {
			t.Errorf("%q: IsAbstract says %v, Lstat %v", address, !isFile, err)
		}
		l.Close()
	}
}

func TestAbstractNamesAreLonger(t *testing.T) {
	if !unixsock.AbstractSupported {
		return
	}
	name := "@" + fmt.Sprintf("%*d", unixsock.MaxPath, os.Getpid())
	if err := listen(name); err != nil {
		t.Errorf("%d bytes: %v", len(name), err)
	}
	if err := listen(name + "x"); err == nil {
		t.Errorf("%d bytes can be bound", len(name)+1)
	}
}

func ExampleIsAbstract() {
	for _, address := range []string{"/run/app/socket", "\x00app"} {
		if !unixsock.IsAbstract(address) {
			fmt.Println("to be removed:", address)
		}
	}
	// Output: to be removed: /run/app/socket
}

func Example() {
	path := "/scratch/" + strings.Repeat("deep/", 30) + "socket"
	if len(path) > unixsock.MaxPath {
		fmt.Printf("%d bytes are too many for a socket\n", len(path))
	}
	// Output: 165 bytes are too many for a socket
}
