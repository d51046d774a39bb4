package tempdir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

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

// What Sweep can't remove keeps its lock file, for the next.
func TestSweepTriesAgain(t *testing.T) {
	place := fresh(t)
	lock, dirs := dead(t, place, 2)
	t.Cleanup(func() { Sweep() }) // where nothing can be mounted
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
