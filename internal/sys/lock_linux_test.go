package sys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := CreateLock(path)
	if err != nil || !l.Linked() {
		t.Fatal(l, err)
	}
	if flags, err := unix.FcntlInt(uintptr(l.fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v: not close-on-exec", flags, err)
	}
	if _, err := CreateLock(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateLock of what is there: %v", err)
	}
	if _, err := OpenLock(path); !errors.Is(err, ErrNotFree) {
		t.Errorf("OpenLock of what is held: %v", err)
	}
	if err := l.Release(false); err != nil {
		t.Error(err)
	}
	l, err = OpenLock(path)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	if l.Linked() {
		t.Error("linked without a name")
	}
	if err := l.Release(true); err != nil {
		t.Errorf("Release of what is gone: %v", err)
	}
	if _, err := OpenLock(path); !errors.Is(err, ErrNotFree) {
		t.Errorf("OpenLock of what is gone: %v", err)
	}
}

func TestOpenLockTakesEmptyFilesAlone(t *testing.T) {
	dir := t.TempDir()
	empty, full, link := filepath.Join(dir, "empty"), filepath.Join(dir, "full"), filepath.Join(dir, "link")
	os.WriteFile(empty, nil, 0o600)
	os.WriteFile(full, []byte("x"), 0o600)
	os.Symlink(empty, link)
	for _, path := range []string{full, link, dir} {
		if _, err := OpenLock(path); !errors.Is(err, ErrNotFree) {
			t.Errorf("OpenLock(%s): %v", path, err)
		}
	}
}

// Locks are made while others take and remove what is free: who has one has it
// alone, and under its name.
func TestLockIsHeldByOneUnderItsName(t *testing.T) {
	dir := t.TempDir()
	var making, taking sync.WaitGroup
	var done atomic.Bool
	for i := range 2 {
		making.Go(func() {
			path := filepath.Join(dir, strconv.Itoa(i))
			for range 2000 {
				l, err := CreateLock(path)
				if errors.Is(err, ErrNotFree) || errors.Is(err, fs.ErrExist) {
					continue // the other was faster
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !l.Linked() {
					t.Error("held without a name")
				}
				if _, err := os.Lstat(path); err != nil {
					t.Error("removed while held:", err)
				}
				l.Release(true)
			}
		})
		taking.Go(func() {
			path := filepath.Join(dir, strconv.Itoa(i))
			for !done.Load() {
				l, err := OpenLock(path)
				if err == nil {
					err = l.Release(true)
				}
				if err != nil && !errors.Is(err, ErrNotFree) {
					t.Error(err)
				}
			}
		})
	}
	making.Wait()
	done.Store(true)
	taking.Wait()
}

func TestChmodDirFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	os.Mkdir(real, 0)
	os.Symlink(real, link)
	if err := ChmodDir(link, 0o700); err == nil {
		t.Error("ChmodDir followed a link")
	}
	if err := ChmodDir(real, 0o700); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
}
