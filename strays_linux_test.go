package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc"
)

// strayOpen lists what this process has open, without the numbers.
func strayOpen() (open []string, err error) {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if link, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil { // but the listing's own
			kind, _, _ := strings.Cut(link, ":[") // of sockets and pipes the inode is no matter
			open = append(open, kind)
		}
	}
	slices.Sort(open)
	return open, nil
}

var strayLists = multiproc.NewFunc("stray-lists", func(context.Context, int) ([]string, error) { return strayOpen() })

// strayHost has children before and while it has thousands of files open, with
// and without close-on-exec, and tells what they have.
var strayHost = lifeProgram("stray-host", func(ctx context.Context) (lists [][]string, err error) {
	list := func(opts multiproc.Options) error {
		got, err := strayLists.With(opts).Call(ctx, 0)
		lists = append(lists, got)
		return err
	}
	if err := list(multiproc.Options{}); err != nil {
		return nil, err
	}
	stray, err := os.Open(os.Args[1])
	if err != nil {
		return nil, err
	}
	fd := int(stray.Fd())
	for i := range 2000 {
		_, err1 := unix.Dup(fd)
		_, err2 := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 50+i)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
	}
	for range 5 { // which stay, so that each has more siblings than the last
		if err := list(multiproc.Options{}); err != nil {
			return nil, err
		}
		if _, err := lifeWait.With(multiproc.Options{Daemon: true}).Start(ctx, ""); err != nil {
			return nil, err
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return lists, list(multiproc.Options{Stdin: r, Files: map[string]*os.File{"w": w, "stray": stray}})
})

// TESTS 23, 24, PAINS 39: a child has what it was given and what it opened
// itself, whatever its parent has and however many brothers it has.
func TestNoStraysInChildren(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stray")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lists := lifeRun[[][]string](t, programCommand(t, strayHost, path))
	if len(lists) != 7 {
		t.Fatalf("%d lists", len(lists))
	}
	plain := lists[0]
	if !slices.Contains(plain, os.DevNull) || !slices.Contains(plain, "socket") {
		t.Errorf("a child has %q", plain)
	}
	for _, got := range lists[1:6] {
		if !slices.Equal(got, plain) {
			t.Errorf("a child has %q, want %q", got, plain)
		}
	}
	want := append(slices.DeleteFunc(slices.Clone(plain), func(s string) bool { return s == os.DevNull }), "pipe", "pipe", path)
	slices.Sort(want)
	if got := lists[6]; !slices.Equal(got, want) {
		t.Errorf("with files it has %q, want %q", got, want)
	}
}

var strayStreams = program("stray-streams", func() {
	multiproc.Main(func(ctx context.Context) error {
		err := strayThroughLowNumbers(ctx)
		return errors.Join(err, lifeTell(os.Args[1], fmt.Sprint(err)))
	})
})

// strayThroughLowNumbers hands down a pipe that has the numbers of the standard
// streams, which are closed.
func strayThroughLowNumbers(ctx context.Context) error {
	for fd := range 3 {
		_ = unix.Close(fd) // closed already, or not
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c, err := strayEcho.With(multiproc.Options{Files: map[string]*os.File{"r": r, "w": w}}).Start(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := c.Result(ctx); err != nil {
		return err
	}
	buf := make([]byte, 10)
	n, err := r.Read(buf)
	if string(buf[:n]) != "low" {
		err = fmt.Errorf("read %q: %w", buf[:n], err)
	}
	return err
}

var strayEcho = multiproc.NewFunc("stray-echo", func(context.Context, int) (int, error) {
	_, err := fileGet("r") // under the number that it has here
	w, werr := fileGet("w")
	if err = errors.Join(err, werr); err == nil {
		_, err = w.WriteString("low")
	}
	return 0, err
})

// TESTS 39-41: with stdin, stdout and stderr closed in the parent.
func TestFilesOfAParentWithoutStreams(t *testing.T) {
	t.Parallel()
	said := filepath.Join(t.TempDir(), "said")
	if out, err := programCommand(t, strayStreams, said).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if got := lifeHear(t, said); got != "<nil>" {
		t.Error(got)
	}
}
