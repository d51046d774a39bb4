//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/examples/thumbs/internal/testimage"
	"multiproc/internal/leak"
	"multiproc/multiproctest"
)

// programEnv makes the test binary the program itself; "peak" lets it tell how
// much memory it had at most, "patient" lets a signal wait for run for longer than a test.
const programEnv = "THUMBS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(programEnv) {
	case "":
		leak.Main(multiproctest.Wrap(m))
	case "peak":
		multiproc.Main(func(ctx context.Context) error {
			err := run(ctx)
			fmt.Fprintln(os.Stderr, peak())
			return err
		})
	case "patient":
		multiproc.MainWithOptions(run, multiproc.MainOptions{Grace: 2 * time.Minute})
	default:
		main()
	}
}

// program is the program with args, to be run in dir.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		exe = "/proc/self/exe" // also for a user who may not see the directory it is in
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Args[0] = "thumbs"
	cmd.Env = append(os.Environ(), programEnv+"=1")
	cmd.Dir = dir
	return cmd
}

// result is what a program printed, and its exit code.
type result struct {
	stdout, stderr string
	code           int
}

func capture(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// plant makes files below "in", in a directory of its own that anybody may
// write to.
func plant(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for d := dir; d != filepath.Dir(os.TempDir()) && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, "in", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// good are the good pictures, as files of plant.
func good(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := testimage.Good()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// entries are the files below dir, and directories with nothing in them.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // somebody is removing it
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			inner, err := os.ReadDir(path)
			if len(inner) > 0 || errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		names = append(names, strings.TrimPrefix(path, dir+"/"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
