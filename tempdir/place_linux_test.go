package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/finalize"
)

func init() {
	roles["unwritable"] = func() {
		_, err := Get()
		fmt.Println(errors.Is(err, fs.ErrPermission), finalize.Len(), len(owners.in))
	}
	roles["stuck"] = func() {
		// The place turns read-only, and back.
		path, remove, err := Make("")
		if err != nil {
			panic(err)
		}
		os.WriteFile(filepath.Join(path, "file"), nil, 0o600)
		place := filepath.Dir(path)
		os.Chmod(place, 0o500)
		err = remove()
		fmt.Println(errors.Is(err, fs.ErrPermission), strings.Contains(err.Error(), path), exists(path))
		os.Chmod(place, 0o700)
		fmt.Println(remove(), exists(path), finalize.Len())
	}
}

func TestUnwritablePlace(t *testing.T) {
	place := fresh(t)
	forAll(t, place, 0o555)
	if got := asNobody(t, "unwritable"); got != "true 0 0\n" {
		t.Errorf("Get: %s", got)
	}
	os.Chmod(place, 0o700)
	if os.Getuid() == 0 {
		os.Chown(place, nobody, nobody)
	}
	if got := asNobody(t, "stuck"); got != "true true true\n<nil> false 0\n" {
		t.Errorf("remove: %s", got)
	}
}

// Full in bytes and in files: an error, and nothing is left in the place.
func TestFullPlace(t *testing.T) {
	fresh(t)
	tracker := useTracker(t)
	for inodes := 1; inodes <= 3; inodes++ { // for the root, the lock, the directory
		place := t.TempDir()
		unmount := mountTmpfs(t, place, fmt.Sprintf("size=64k,nr_inodes=%d", inodes))
		t.Setenv("TMPDIR", place)
		tracker.calls = nil
		path, err := Get()
		if full := inodes < 3; full != errors.Is(err, unix.ENOSPC) || full && (len(list(t, place)) != 0 || len(tracker.calls)%2 != 0) {
			t.Errorf("%d inodes: Get = %q, %v; left %q, calls %q", inodes, path, err, list(t, place), tracker.calls)
		}
		if err := Remove(); err != nil {
			t.Error(err)
		}
		unmount()
	}
	place := t.TempDir()
	mountTmpfs(t, place, "size=64k,ro")
	t.Setenv("TMPDIR", place)
	if _, err := Get(); !errors.Is(err, unix.EROFS) {
		t.Errorf("on a read-only file system: %v", err)
	}
}

// No descriptor is free: an error, and nothing is left. It is its own process,
// for everything in this one needs descriptors.
func TestNoDescriptors(t *testing.T) {
	fresh(t)
	if got := play(t, "no descriptors"); got != "true [] <nil>\n" {
		t.Error(got)
	}
}

func init() {
	roles["no descriptors"] = func() {
		var limit unix.Rlimit
		unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
		null, err := os.Open(os.DevNull)
		if err != nil {
			panic(err)
		}
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(null.Fd()) + 1, Max: limit.Max})
		if err != nil {
			panic(err)
		}
		_, err = Get()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			panic(err)
		}
		names, unread := readNames(os.TempDir())
		fmt.Println(errors.Is(err, unix.EMFILE), names, unread)
	}
}
