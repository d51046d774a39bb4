package fd_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/fd"
	"multiproc/internal/leak"
)

func init() {
	addScene("spawn fails", spawnFailsScene)
	addScene("spawn nonblocking", nonblockingScene)
}

// spawnFailsScene: sandbox, path of a file that can't be executed, stray.
func spawnFailsScene(s *scene, args []string) {
	s.enter(args[0])
	s.startPoller()
	s.open(false, numbersOf(args[2])...)
	s.open(true, 17)
	before := table()
	for range failures / 2 {
		for path, want := range map[string]error{args[1] + "/not there": syscall.ENOTDIR, args[1]: syscall.EACCES} {
			p, err := fd.SpawnPassing(path, []string{"x"}, []int{17})
			e, ok := errors.AsType[*fs.PathError](err)
			if p != nil || !ok || !errors.Is(err, want) || e.Op != "fork/exec" || e.Path != path {
				s.errorf("%v, %v, want %v", p, err, want)
				return
			}
		}
	}
	s.compare("afterwards", table(), before)
	if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		s.errorf("a child is left: wait4: %v", err)
	}
	for n, want := range map[int]error{-1: fd.ErrNegative, 18: syscall.EBADF, math.MaxInt32: syscall.EBADF} {
		_, err := fd.SpawnPassing("/not/there", nil, []int{17, n})
		e, ok := errors.AsType[*fd.Error](err)
		if !ok || e.FD != n || e.Op != "pass" || !errors.Is(err, want) {
			s.errorf("passing %d: %v", n, err)
		}
	}
}

func TestSpawnFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("sparse", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "", file, "40")
	})
	t.Run("private", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "", file, "900")
	})
	t.Run("private, no close_range", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "close_range: EPERM", file, "900")
	})
}

// nonblockingScene passes a pipe of the poller's, and one that blocks.
func nonblockingScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	s.open(false, numbersOf(args[0])...)
	r, w, err := os.Pipe()
	s.must(err)
	defer w.Close()
	n := numberOf(s, r)
	flags := func() int {
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
		s.must(err)
		return flags
	}
	for range 2 {
		before := flags()
		s.sight([]int{n})
		if now := flags(); now != before {
			s.errorf("flags %o, were %o", now, before)
		}
		_ = unix.SetNonblock(n, false)
	}
}

func TestFlagsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	play(t, "spawn nonblocking", "40")
	play(t, "spawn nonblocking", "900")
}
