package sys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// shell is the Spec of a script that has the null device and output as its
// descriptors.
func shell(t *testing.T, script string, output *os.File) *Spec {
	t.Helper()
	null, err := OpenNull()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(null) })
	files := []int{null, null, null}
	if output != nil {
		files[1] = int(output.Fd())
	}
	return &Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Files: files}
}

// startShell starts a script without output.
func startShell(t *testing.T, script string) *Proc {
	t.Helper()
	p, err := Start(shell(t, script, nil))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// output runs spec, whose descriptor 1 is w, and returns what it wrote.
func output(t *testing.T, spec *Spec, r, w *os.File) string {
	t.Helper()
	p, err := Start(spec)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if exit := p.Wait(); exit.Code != 0 || err != nil {
		t.Fatalf("%+v, %v\n%s", exit, err, out)
	}
	return string(out)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestStartGivesWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	for _, session := range []bool{false, true} {
		r, w := pipe(t)
		// Fields 1, 5, 6 of proc_pid_stat(5), behind the name: pid, pgrp, session.
		spec := shell(t, `echo "$0 $1"; pwd; echo "$A"; readlink /proc/$$/fd/3; echo four >&4; cut -d' ' -f1,5,6 /proc/$$/stat`, w)
		spec.Argv = []string{"other", "-c", spec.Argv[2], "zero", "one"}
		spec.Dir, spec.Session = t.TempDir(), session
		spec.Env = append(spec.Env, "A=value")
		spec.Files = append(spec.Files, spec.Files[0], int(w.Fd()))
		var pid, group, sid int
		got := output(t, spec, r, w)
		want := fmt.Sprintf("zero one\n%s\nvalue\n/dev/null\nfour\n", spec.Dir)
		rest, ok := strings.CutPrefix(got, want)
		if !ok {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := fmt.Sscan(rest, &pid, &group, &sid); err != nil || group != pid || (sid == pid) != session {
			t.Errorf("session %v: process %d, group %d, session %d, %v", session, pid, group, sid, err)
		}
	}
}

func TestFailedStartNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	orphan := filepath.Join(dir, "orphan")
	if err := os.WriteFile(orphan, []byte("#!"+missing+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		spec Spec
		op   string
		path string
		err  error
	}{
		{"no program", Spec{Path: missing}, "fork/exec", missing, syscall.ENOENT},
		{"no interpreter", Spec{Path: orphan}, "fork/exec", orphan, syscall.ENOENT},
		{"no right to run it", Spec{Path: plain}, "fork/exec", plain, syscall.EACCES},
		{"a directory", Spec{Path: dir}, "fork/exec", dir, syscall.EACCES},
		{"no format that is known", Spec{Path: text}, "fork/exec", text, syscall.ENOEXEC},
		{"below a file", Spec{Path: text + "/x"}, "fork/exec", text + "/x", syscall.ENOTDIR},
		{"no such directory", Spec{Path: "/bin/sh", Dir: missing}, "chdir", missing, syscall.ENOENT},
		{"a directory that is a file", Spec{Path: "/bin/sh", Dir: text}, "chdir", text, syscall.ENOTDIR},
		{"neither", Spec{Path: missing, Dir: missing}, "chdir", missing, syscall.ENOENT},
		{"no program in a good directory", Spec{Path: missing, Dir: dir}, "fork/exec", missing, syscall.ENOENT},
		{"a descriptor that is not open", Spec{Path: "/bin/sh", Files: []int{1 << 20}}, "fork/exec", "/bin/sh", syscall.EBADF},
		{"a zero in an argument", Spec{Path: "/bin/sh", Argv: []string{"a\x00b"}}, "fork/exec", "/bin/sh", syscall.EINVAL},
		{"a zero in the environment", Spec{Path: "/bin/sh", Argv: []string{"sh"}, Env: []string{"A=\x00"}}, "fork/exec", "/bin/sh", syscall.EINVAL},
		{"too much", Spec{Path: "/bin/sh", Argv: []string{"sh", strings.Repeat("x", 1<<20)}}, "fork/exec", "/bin/sh", syscall.E2BIG},
	} {
		if c.spec.Argv == nil {
			c.spec.Argv = []string{"program"}
		}
		p, err := Start(&c.spec)
		if p != nil {
			t.Errorf("%s: it started", c.name)
			p.Wait()
		}
		var pathErr *fs.PathError
		if !errors.As(err, &pathErr) || pathErr.Op != c.op || pathErr.Path != c.path || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %s %s: %v", c.name, err, c.op, c.path, c.err)
		}
	}
}

// A kernel without pidfds leaves it to the os package.
func TestWithoutPidfd(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]Exit{"exit 7": {Code: 7}, "kill -9 $$": {Code: -1, Signal: unix.SIGKILL}, "exec sleep 1000": {Code: -1, Signal: unix.SIGTERM}} {
		spec := shell(t, script, nil)
		p, err := plainStart(spec, &syscall.ProcAttr{Env: spec.Env, Files: []uintptr{0: uintptr(spec.Files[0])}})
		if err != nil {
			t.Fatal(err)
		}
		if want.Signal == unix.SIGTERM {
			if err := p.Signal(unix.SIGTERM); err != nil {
				t.Error(err)
			}
		}
		got := p.Wait()
		if got.Lost || got.Code != want.Code || got.Signal != want.Signal || got.MaxRSS <= 0 {
			t.Errorf("%s: %+v, want %+v", script, got, want)
		}
		if err := p.Signal(unix.SIGTERM); !errors.Is(err, ErrProcessDone) {
			t.Errorf("%s: Signal after Wait: %v", script, err)
		}
	}
}
