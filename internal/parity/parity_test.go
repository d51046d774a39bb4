//go:build unix

package parity_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TESTS 1-6, 11-15, 17-19, 21; the rest of the sections on exit, names and exit codes.
func TestGoDoesWhatTheTraceSays(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := s.trace(t, goEvents, func(arg string) *exec.Cmd {
				cmd := exec.Command(os.Args[0], arg)
				cmd.Env = append(os.Environ(), programVar+"="+s.name)
				return cmd
			})
			path := s.path("go")
			if *update && s.differs {
				write(t, path, got)
			}
			if !*update {
				compare(t, got, path)
			}
		})
	}
}

// The traces are what CPython does today, and not what somebody once read.
func TestPythonDoesWhatTheTraceSays(t *testing.T) {
	python, err := findPython(t.Context())
	if err != nil {
		if *update {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			script, err := filepath.Abs(filepath.Join("testdata", s.name+".py"))
			if err != nil {
				t.Fatal(err)
			}
			got := s.trace(t, pythonEvents, func(arg string) *exec.Cmd {
				cmd := exec.Command(python, script, arg)
				cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
				return cmd
			})
			path := s.path("py")
			if *update {
				write(t, path, got)
			}
			compare(t, got, path)
		})
	}
}

// Each file in testdata belongs to a scenario, and each pair of traces differs.
func TestTestdata(t *testing.T) {
	known := map[string]bool{"testdata/common.py": true}
	for _, s := range scenarios {
		known["testdata/"+s.name+".py"] = true
		known[s.path("go")], known[s.path("py")] = true, true
		if s.differs && slices.Equal(read(t, s.path("go")), read(t, s.path("py"))) {
			t.Errorf("%s does not differ from CPython", s.name)
		}
	}
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s belongs to no scenario", f)
		}
	}
}

// path is that of the trace of a language: one for both unless they differ.
func (s *scenario) path(language string) string {
	if s.differs {
		return "testdata/" + s.name + "." + language + ".trace"
	}
	return "testdata/" + s.name + ".trace"
}

// trace runs a program and returns what it and its children did. Its working
// directory is one of its own, with the gates that it may use.
func (s *scenario) trace(t *testing.T, known []event, command func(arg string) *exec.Cmd) []string {
	t.Helper()
	runs := s.runs
	if runs == nil {
		runs = []string{""}
	}
	var trace []string
	for _, arg := range runs {
		dir := t.TempDir()
		for _, gate := range []string{"a", "b", "joined"} {
			if err := syscall.Mkfifo(filepath.Join(dir, gate), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		output, code := run(t, command(arg), dir)
		got := s.normalise(output, known)
		if arg != "" {
			trace = append(trace, "$ "+arg)
		}
		trace = append(trace, got...)
		trace = append(trace, fmt.Sprint("exit ", code))
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s %s wrote:\n%s", s.name, arg, output)
			}
		})
	}
	return trace
}

// run returns what the processes of a program wrote, and its exit code as
// Python says it: -N for signal N.
func run(t *testing.T, cmd *exec.Cmd, dir string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out := audience{joined: filepath.Join(dir, "joined")}
	defer out.leave()
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	err := cmd.Start()
	if err != nil {
		t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() {
		t.Error("the program hangs")
		_ = cmd.Process.Kill() // its children hear of it by themselves
	})
	defer stop()
	err = cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		return out.text.String(), -int(ws.Signal())
	}
	return out.text.String(), cmd.ProcessState.ExitCode()
}

func compare(t *testing.T, got []string, path string) {
	t.Helper()
	if want := read(t, path); !slices.Equal(got, want) {
		t.Errorf("got:\n\t%s\nwant, from %s:\n\t%s", strings.Join(got, "\n\t"), path, strings.Join(want, "\n\t"))
	}
}

func read(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func write(t *testing.T, path string, trace []string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(trace, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
}

// findPython returns a Python of the version whose behaviour the traces hold.
func findPython(ctx context.Context) (path string, err error) {
	path = os.Getenv("PYTHON")
	if path == "" {
		path = "python3"
	}
	const check = "import sys; sys.exit(sys.version_info < (3, 13))"
	err = exec.CommandContext(ctx, path, "-c", check).Run()
	if _, old := errors.AsType[*exec.ExitError](err); old {
		return "", fmt.Errorf("%s is older than Python 3.13: set PYTHON to one that is not", path)
	}
	if err != nil {
		return "", fmt.Errorf("no Python to compare with: %w", err)
	}
	return path, nil
}
