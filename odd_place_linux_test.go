package multiproc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func oddCommand(t *testing.T, place string) *exec.Cmd {
	t.Helper()
	cmd := programCommand(t, oddProgram)
	cmd.Env = append(cmd.Env, "ODD_PLACE="+place)
	return cmd
}

// oddRoot skips what only root can do, and gives the program mounts of its own.
func oddRoot(t *testing.T, place string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	cmd := oddCommand(t, place)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

func TestFewFiles(t *testing.T) {
	t.Parallel()
	oddRun(t, coldOnly(oddCommand(t, "few files")), t.TempDir()).fine(t)
}

func TestBareEnvironment(t *testing.T) {
	t.Parallel()
	cmd := oddCommand(t, "")
	cmd.Env = []string{programVar + "=" + oddProgram} // and what oddRun must add
	oddRun(t, cmd, t.TempDir()).fine(t)
}

// PAINS 40: whoever closed 0, 1 or 2 before the start has other things there,
// or the runtime's null device.
func TestStreamsClosed(t *testing.T) {
	t.Parallel()
	for set := range 8 {
		var closing strings.Builder
		for fd := range 3 {
			if set>>fd&1 != 0 {
				fmt.Fprintf(&closing, " %d>&-", fd)
			}
		}
		t.Run("closed"+closing.String(), func(t *testing.T) {
			t.Parallel()
			cmd := oddCommand(t, "")
			cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `exec "$0"` + closing.String(), os.Args[0]}
			oddRun(t, cmd, t.TempDir()).fine(t)
		})
	}
}

// A place for files where there is no room: the rest works.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	for place, errno := range map[string]syscall.Errno{"read-only": syscall.EROFS, "full": syscall.ENOSPC, "nearly full": syscall.ENOSPC} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			day := oddRun(t, oddRoot(t, place), tmp)
			if !strings.Contains(day.Dir, tmp) || !strings.Contains(day.Dir, errno.Error()) || !day.Typed || len(day.Left) > 0 {
				t.Errorf("Get: %q, errno: %v, left: %v", day.Dir, day.Typed, day.Left)
			}
			day.Dir = ""
			day.fine(t)
		})
	}
}

// Without /proc nobody can start himself anew, and so there is no tracker. What
// needs neither works.
func TestNoProc(t *testing.T) {
	t.Parallel()
	day := oddRun(t, patient(oddRoot(t, "no proc")), t.TempDir())
	for said, want := range map[string][]string{
		day.Func:    {"/proc/self/exe is not there", "is /proc mounted?"},
		day.Track:   {"no tracker can be had", "is /proc mounted?"},
		day.Dir:     {"no tracker can be had", "is /proc mounted?"},
		day.Command: {""},
	} {
		for _, text := range want {
			if !strings.Contains(said, text) || text == "" && said != "" {
				t.Errorf("%q lacks %q", said, text)
			}
		}
	}
	if !day.Typed {
		t.Errorf("%+v", day)
	}
}

func oddPID1(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := oddRoot(t, "PID 1")
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	return cmd
}

func TestPID1(t *testing.T) {
	t.Parallel()
	oddRun(t, oddPID1(t), t.TempDir()).fine(t)
}

// PID 1 takes everybody along, by the kernel; nobody is left to clean up.
func TestPID1Killed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := oddPID1(t)
	ready := filepath.Join(dir, "ready")
	cmd.Env = append(cmd.Env, "ODD_STAYS="+ready, "TMPDIR="+dir)
	s := stageCommand(t, cmd)
	lifeHear(t, ready)
	s.signal(os.Kill)
	s.end(-int(syscall.SIGKILL))
}

func TestUnprivileged(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("all the tests show it: this user is unprivileged")
	}
	cmd := oddAs(t, oddCommand(t, ""), refusedNobody)
	tmp := filepath.Join(cmd.Dir, "tmp")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(tmp, 0o777); err != nil { // whatever the umask
		t.Fatal(err)
	}
	oddRun(t, cmd, tmp).fine(t)
}

// oddAs makes a command another user's, who has a copy of the program and a
// directory of his own.
func oddAs(t *testing.T, cmd *exec.Cmd, user uint32) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	refusedOpenTo(t, dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Dir = filepath.Join(dir, "program"), dir
	// As in TestSetuidRunsNothingForOthers: by a process of its own.
	if out, err := exec.CommandContext(t.Context(), "install", os.Args[0], cmd.Path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	return cmd
}
