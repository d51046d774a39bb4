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
	forAll(t, place, 0o755)
	if got := asNobody(t, "unwritable"); got != "true 0 0\n" && os.Getuid() == 0 {
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

// Another user's things are not swept, nor are they in the way.
func TestSweepIsForOneUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	place := fresh(t)
	forAll(t, place, 0o777)
	lock, dirs := dead(t, place, 1)
	if got := asNobody(t, "sweep"); got != "null\n" {
		t.Errorf("nobody swept root's: %s", got)
	}
	os.Chown(lock, nobody, nobody)
	if removed, err := Sweep(); err != nil || len(removed) != 0 {
		t.Errorf("root swept nobody's: %q, %v", removed, err)
	}
	if got := asNobody(t, "sweep"); got != "null\n" || exists(lock) {
		t.Errorf("nobody swept root's directory with his lock: %s; lock is there: %v", got, exists(lock))
	}
	os.RemoveAll(dirs[0])
}

// A fifo that waits for somebody to write, named like a lock.
func TestSweepDoesNotWaitForAFifo(t *testing.T) {
	place := fresh(t)
	fifo := filepath.Join(place, "multiproc-abcdefgh.lock")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if removed, err := Sweep(); err != nil || len(removed) != 0 || !exists(fifo) {
		t.Errorf("Sweep = %q, %v", removed, err)
	}
	os.Remove(fifo)
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

// What Sweep can't remove keeps its lock file, for the next.
func TestSweepTriesAgain(t *testing.T) {
	place := fresh(t)
	lock, dirs := dead(t, place, 2)
	busy := filepath.Join(dirs[0], "busy")
	os.Mkdir(busy, 0o700)
	unmount := mountTmpfs(t, busy, "size=64k")
	removed, err := Sweep()
	if !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "busy") || len(removed) != 1 || removed[0] != dirs[1] || !exists(lock) {
		t.Errorf("Sweep = %q, %v; lock is there: %v", removed, err, exists(lock))
	}
	unmount()
	removed, err = Sweep()
	if err != nil || len(removed) != 1 || removed[0] != dirs[0] || exists(lock) {
		t.Errorf("Sweep = %q, %v; lock is there: %v", removed, err, exists(lock))
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
