package tempdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/finalize"
)

const nobody = 65534

// asNobody plays a role as another user, whom permissions bind.
func asNobody(t *testing.T, role string, args ...string) string {
	t.Helper()
	cmd := started(t, role, args...)
	cmd.Path = "/proc/self/exe" // which needs no way to it
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", role, err, out, cmd.Stderr)
	}
	return string(out)
}

// forAll lets other users into dir and what is above it, up to where they are
// let in already.
func forAll(t *testing.T, dir string, mode fs.FileMode) {
	t.Helper()
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		info, err := os.Stat(up)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o001 != 0 {
			break
		}
		if err := os.Chmod(up, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
}

func init() {
	// locked removes a directory with directories that are read-only or less, as
	// caches of modules are, and prints what is wrong with that.
	roles["locked"] = func() {
		path, remove, err := Make("")
		if err != nil {
			panic(err)
		}
		closed := []string{path}
		for i, mode := range []fs.FileMode{0o500, 0, 0o300, 0o400, 0o100} {
			dir := filepath.Join(path, fmt.Sprint(i), "sub")
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, "deeper"), 0o700), os.WriteFile(filepath.Join(dir, "file"), nil, 0)); err != nil {
				panic(err)
			}
			for _, dir := range []string{filepath.Join(dir, "deeper"), dir, filepath.Dir(dir)} {
				if err := os.Chmod(dir, mode); err != nil {
					panic(err)
				}
			}
		}
		if len(os.Args) > 1 {
			for _, dir := range closed {
				os.Chmod(dir, 0)
			}
		}
		fmt.Println(os.Geteuid() != 0, os.RemoveAll(path) != nil, remove(), exists(path), finalize.RunAll())
	}
}

// As another user than root, whom nothing binds; os.RemoveAll, for comparison,
// fails. The place need not be readable.
func TestReadOnlyDirectoriesStopNothing(t *testing.T) {
	place := fresh(t)
	forAll(t, place, 0o777)
	for _, c := range []struct {
		mode fs.FileMode
		args []string
	}{{0o777, nil}, {0o777, []string{"top too"}}, {0o733, nil}} {
		forAll(t, place, c.mode)
		if got := asNobody(t, "locked", c.args...); got != "true true <nil> false <nil>\n" {
			t.Errorf("%v %q: %s", c.mode, c.args, got)
		}
	}
	for _, umask := range []string{"777", "277", "0"} {
		if got := asNobody(t, "modes", umask); got != "-rw------- drwx------ drwx------ <nil>\n" {
			t.Errorf("umask %s: %s", umask, got)
		}
	}
}

// mountTmpfs mounts one of a size in bytes until the test ends.
func mountTmpfs(t *testing.T, dir string, options string) (unmount func()) {
	t.Helper()
	if err := unix.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Skip("needs a file system of its own, which root may mount:", err)
	}
	unmount = func() { unix.Unmount(dir, unix.MNT_DETACH) }
	t.Cleanup(unmount)
	return unmount
}

// What is busy is named, the rest goes; then the next try removes it too.
func TestBusyIsNamedAndTriedAgain(t *testing.T) {
	place := fresh(t)
	tracker := useTracker(t)
	path := get(t)
	busy := filepath.Join(path, "a", "busy")
	os.MkdirAll(busy, 0o700)
	write(t, filepath.Join(path, "a", "file"))
	unmount := mountTmpfs(t, busy, "size=64k,mode=700")

	for range 2 {
		err := Remove()
		if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"a/busy"`) || strings.Contains(err.Error(), "file") {
			t.Errorf("Remove = %v", err)
		}
	}
	if exists(filepath.Join(path, "a", "file")) {
		t.Error("what is not busy was not removed")
	}
	next := get(t)
	if next == path {
		t.Error("Get returns what is half removed")
	}
	if err := finalize.RunAll(); !errors.Is(err, unix.EBUSY) || exists(next) {
		t.Errorf("RunAll = %v", err)
	}
	for _, c := range tracker.calls {
		if strings.HasPrefix(c, "undir "+path+" ") || strings.HasPrefix(c, "unfile") {
			t.Errorf("what is there was unregistered: %s", c)
		}
	}
	unmount()
	if err := Remove(); err != nil || len(list(t, place)) != 0 {
		t.Errorf("Remove = %v, left %q", err, list(t, place))
	}
}

func TestImmutableIsNamed(t *testing.T) {
	fresh(t)
	path, remove, err := Make("")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(path, "fixed"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const immutable = 0x10 // FS_IMMUTABLE_FL
	set := func(flags int) error {
		return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
	}
	if err := set(immutable); err != nil {
		remove()
		t.Skip("needs root, and a file system with immutable files:", err)
	}
	err = remove()
	if err := set(0); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), `"fixed"`) {
		t.Errorf("remove = %v", err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
}
