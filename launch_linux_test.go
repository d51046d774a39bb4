package multiproc_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// lifeLaunched has a child and a grandchild, after it has done what it is told
// to the path of its own program or to its directory.
var lifeLaunched = lifeProgram("life-launched", func(ctx context.Context) ([]string, error) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	switch os.Args[1] {
	case "chdir":
		err = os.Chdir("/")
	case "rename":
		err = os.Rename(exe, exe+".old")
	case "delete":
		err = os.Remove(exe)
	case "replace":
		if err = os.Remove(exe); err == nil {
			err = os.WriteFile(exe, []byte("#!/bin/false\n"), 0o700)
		}
	case "rmdir":
		err = os.RemoveAll(filepath.Dir(exe))
	}
	if err != nil {
		return nil, err
	}
	return lifeBranch.Call(ctx, lifeNode{Depth: 1})
})

// TESTS 46-59: a program finds itself again, however it was launched.
func TestLaunch(t *testing.T) {
	t.Parallel()
	for name, launch := range map[string]func(t *testing.T, path string, cmd *exec.Cmd){
		"absolute": func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path = path },
		"relative": func(_ *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path, cmd.Dir = "./"+filepath.Base(path), filepath.Dir(path)
			cmd.Args[0] = cmd.Path
		},
		"relative, then chdir": func(_ *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path, cmd.Dir = "./"+filepath.Base(path), filepath.Dir(path)
			cmd.Args[0], cmd.Args[1] = cmd.Path, "chdir"
		},
		"symlink": func(t *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path = filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(path, cmd.Path); err != nil {
				t.Fatal(err)
			}
		},
		"PATH": func(_ *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `exec "$0" "$@"`, filepath.Base(path)}, cmd.Args[1:]...)
			cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(path))
		},
		"renamed":  func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path, cmd.Args[1] = path, "rename" },
		"deleted":  func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path, cmd.Args[1] = path, "delete" },
		"replaced": func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path, cmd.Args[1] = path, "replace" },
		"directory deleted, while in it": func(_ *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path, cmd.Dir, cmd.Args[1] = path, filepath.Dir(path), "rmdir"
		},
		"read-only directory": func(t *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path = path
			if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(filepath.Dir(path), 0o700) })
		},
		"execute-only":  func(t *testing.T, path string, cmd *exec.Cmd) { cmd.Path = path; lifeChmod(t, path, 0o100) },
		"argv[0]":       func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, "-some other name" },
		"empty argv[0]": func(_ *testing.T, path string, cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, "" },
		"memfd": func(_ *testing.T, path string, cmd *exec.Cmd) {
			cmd.Path = path
			cmd.Env = append(cmd.Env, programVar+"="+lifeInMemory)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "with spaces, größer \xff", "and \"quotes\"\n")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "a program")
			// By a process of its own: a child that is forked here meanwhile
			// would have the file open for writing, and it could not be run.
			if out, err := exec.CommandContext(t.Context(), "cp", os.Args[0], path).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			cmd := programCommand(t, lifeLaunched, "")
			launch(t, path, cmd)
			got := lifeRun[[]string](t, cmd)
			if want := "[[] Process-1 [0] Process-1:1 [1] Process-1:2]"; fmt.Sprint(got) != want {
				t.Errorf("got %q, want %s", got, want)
			}
		})
	}
}

func lifeChmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// lifeInMemory puts its program into memory and goes on from there.
var lifeInMemory = program("life-in-memory", func() {
	if err := lifeToMemory(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
})

func lifeToMemory() error {
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("program", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	mem := os.NewFile(uintptr(fd), "memory")
	if _, err := io.Copy(mem, exe); err != nil {
		return err
	}
	path := fmt.Sprint("/proc/self/fd/", fd)
	run, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := mem.Close(); err != nil { // what is open for writing can't be run
		return err
	}
	if err := os.Setenv(programVar, lifeLaunched); err != nil {
		return err
	}
	return syscall.Exec(fmt.Sprint("/proc/self/fd/", run), os.Args, os.Environ())
}
