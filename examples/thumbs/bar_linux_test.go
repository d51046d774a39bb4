package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/pool"
)

// A terminal sees a bar that comes to its end and goes, and no other line.
func TestBar(t *testing.T) {
	t.Parallel()
	dir := plant(t, good(t))
	screen, tty := terminal(t)
	cmd := program(t, dir, "in")
	cmd.Stderr = tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	shown := whole(t, screen)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if want := regexp.MustCompile(`6/6 +\[=+\] 100 %` + erased); !want.MatchString(shown) {
		t.Errorf("%q, want a bar of 6 that is erased in the end", shown)
	}
}

// erased is how the terminal is left: where the bar was there is nothing.
const erased = `[^\n]*\r\n\x1b\[1A\x1b\[J$`

// A bar that does not come to its end goes all the same.
func TestBarThatEndsEarly(t *testing.T) {
	t.Parallel()
	screen, tty := terminal(t)
	b := newBar(tty, 6)
	b.update(pool.Progress{Done: 3})
	b.end()
	tty.Close()
	if shown := whole(t, screen); shown != "" && !regexp.MustCompile(erased).MatchString(shown) {
		t.Errorf("%q, want it to be erased", shown)
	}
}

// whole is what the terminal has shown when nobody has it open any more.
func whole(t *testing.T, screen *os.File) string {
	t.Helper()
	shown, err := io.ReadAll(screen)
	if err != nil && !errors.Is(err, syscall.EIO) { // that is how a terminal ends
		t.Fatal(err)
	}
	return string(shown)
}

func TestNoBarInAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := newBar(f, 6)
	defer b.end()
	if b != nil {
		t.Error("there is one")
	}
}

// terminal is a new pair of pseudo-terminals, see pts(4).
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	size := &unix.Winsize{Row: 24, Col: 80}
	if err := errors.Join(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0), unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size)); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, tty
}
