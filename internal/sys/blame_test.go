package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestBlameDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	noent := &fs.PathError{Op: "fork/exec", Path: "/program", Err: syscall.ENOENT}
	plain := errors.New("plain")
	for _, c := range []struct {
		name, dir string
		err       error
		blamed    bool
	}{
		{"no directory asked for", "", noent, false},
		{"a good one", dir, noent, false},
		{"a missing one", missing, noent, true},
		{"a missing one, wrapped", missing, fmt.Errorf("start: %w", noent), true},
		{"a missing one, but another error", missing, &fs.PathError{Op: "fork/exec", Path: "/program", Err: syscall.ENOMEM}, false},
		{"a file, but another error", file, noent, false},
		{"no errno", missing, plain, false},
		{"not even a program", missing, exec.ErrNotFound, false},
	} {
		got := BlameDir(c.dir, c.err)
		var pathErr *fs.PathError
		blamed := errors.As(got, &pathErr) && pathErr.Op == "chdir" && pathErr.Path == c.dir
		if blamed != c.blamed || !blamed && got != c.err { //nolint:errorlint // the same error, untouched
			t.Errorf("%s: %v became %v", c.name, c.err, got)
		}
		if blamed && !errors.Is(got, syscall.ENOENT) {
			t.Errorf("%s: %v has another errno", c.name, got)
		}
	}
	if err := BlameDir(missing, nil); err != nil {
		t.Errorf("of no error: %v", err)
	}
}
