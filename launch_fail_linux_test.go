package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"multiproc"
	"multiproc/tracker"
)

// lifeFailure is a start that fails.
type lifeFailure struct {
	Name string
	Err  string // of the last one
	Is   bool   // what it should be, and names what it should name, each time
}

// lifeFailing fails to start in every way it knows, a hundred times each.
var lifeFailing = lifeProgram("life-failing", func(ctx context.Context) (list []lifeFailure, err error) {
	dir := os.Args[1]
	if _, err := square.Call(ctx, 1); err != nil { // what the first child needs
		return nil, err
	}
	if err := tracker.File.Register("probe"); err != nil { // its link stands, then
		return nil, err
	}
	before, err := lifeHolds()
	if err != nil {
		return nil, err
	}
	missing, plain := filepath.Join(dir, "missing"), filepath.Join(dir, "plain")
	in := func(dir string) func() error {
		opts := multiproc.Options{Dir: dir, Stdin: strings.NewReader("x"), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}
		opts.Files = map[string]*os.File{"a": os.Stdout, "b": os.Stderr}
		return func() error {
			_, err := square.With(opts).Start(ctx, 1)
			return err
		}
	}
	command := func(cmd func() *exec.Cmd) func() error {
		return func() error {
			c := cmd()
			c.Stdin, c.Stdout, c.Stderr = strings.NewReader("x"), &strings.Builder{}, &strings.Builder{}
			_, err := multiproc.StartCommand(ctx, c, multiproc.Options{})
			return err
		}
	}
	for _, f := range []struct {
		name  string
		start func() error
		errno syscall.Errno
		names string
	}{
		{"Dir missing", in(missing), syscall.ENOENT, "chdir " + missing},
		{"Dir is a file", in(plain), syscall.ENOTDIR, "chdir " + plain},
		{"program missing", command(func() *exec.Cmd { return exec.Command(missing) }), syscall.ENOENT, missing},
		{"not executable", command(func() *exec.Cmd { return exec.Command(plain) }), syscall.EACCES, plain},
		{"program's Dir missing", command(func() *exec.Cmd {
			c := exec.Command("sleep", "1000")
			c.Dir = missing
			return c
		}), syscall.ENOENT, "chdir " + missing},
	} {
		last := lifeFailure{Name: f.name, Is: true}
		for range 100 {
			err := f.start()
			last.Err = fmt.Sprint(err)
			last.Is = last.Is && errors.Is(err, f.errno) && strings.Contains(last.Err, f.names) && errors.As(err, new(*fs.PathError))
		}
		list = append(list, last)
	}
	after, err := lifeHolds()
	err = errors.Join(err, tracker.File.Unregister("probe"))
	if after.Descriptors > before.Descriptors {
		err = errors.Join(err, fmt.Errorf("%d descriptors became %d", before.Descriptors, after.Descriptors))
	}
	if n := len(multiproc.ActiveChildren()); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d active children", n))
	}
	err = errors.Join(err, multiproc.Cleanup(ctx)) // the tracker is a child too
	if pid, werr := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(werr, syscall.ECHILD) {
		err = errors.Join(err, fmt.Errorf("there is a process: wait4 = %d, %w", pid, werr))
	}
	// What every start takes is there again: a crash still has a text.
	_, cerr := lifeCrash.With(multiproc.Options{Stderr: &strings.Builder{}}).Call(ctx, struct{}{})
	var died *multiproc.ExitError
	if !errors.As(cerr, &died) || !strings.Contains(died.Crash, "life-crash") {
		err = errors.Join(err, fmt.Errorf("a crash afterwards: %w", cerr))
	}
	return list, err
})

// PAINS 36-38, TESTS 34, 35: a start that fails says why, with the errno, and
// leaves no process and no descriptor.
func TestFailedStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range lifeRun[[]lifeFailure](t, coldOnly(programCommand(t, lifeFailing, dir))) {
		if !f.Is {
			t.Errorf("%s: %s", f.Name, f.Err)
		}
	}
}
