package multiproc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"multiproc"
)

// lifeNet is for what would otherwise hang. Nothing waits for it.
const lifeNet = time.Minute

// lifeCtx ends with the test, or when the net tears.
func lifeCtx(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lifeNet)
	t.Cleanup(cancel)
	return ctx
}

// lifeWait makes the file, if it is given one, and waits to be ended.
var lifeWait = multiproc.NewFunc("life-wait", func(ctx context.Context, ready string) (string, error) {
	if ready != "" {
		if err := lifeTell(ready, "running"); err != nil {
			return "", err
		}
	}
	<-ctx.Done()
	return "ended", nil
})

// lifeTell makes a file that has its whole content from the start.
func lifeTell(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// lifeHear waits for the file and returns its content.
func lifeHear(t testing.TB, path string) string {
	t.Helper()
	for end := time.Now().Add(lifeNet); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(path)
		if err == nil {
			return string(text)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s never came", filepath.Base(path))
	return ""
}

// lifeStart starts a child, and sees to its end.
func lifeStart[A, R any](t testing.TB, f *multiproc.Func[A, R], arg A) *multiproc.Child[R] {
	t.Helper()
	c, err := f.Start(lifeCtx(t), arg)
	if err != nil {
		t.Fatal(err)
	}
	lifeEnd(t, c.Process)
	return c
}

// lifeCommand starts a program, and sees to its end.
func lifeCommand(t testing.TB, opts multiproc.Options, name string, args ...string) *multiproc.Process {
	t.Helper()
	p, err := multiproc.StartCommand(lifeCtx(t), exec.Command(name, args...), opts)
	if err != nil {
		t.Fatal(err)
	}
	lifeEnd(t, p)
	return p
}

func lifeEnd(t testing.TB, p *multiproc.Process) {
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// lifeRunning starts a lifeWait and waits until its function runs.
func lifeRunning(t testing.TB, opts multiproc.Options) *multiproc.Child[string] {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	c := lifeStart(t, lifeWait.With(opts), ready)
	lifeHear(t, ready)
	return c
}

// lifeRun runs a program to its end, which must be a success, and decodes
// what it printed.
func lifeRun[R any](t testing.TB, cmd *exec.Cmd) R {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	var result R
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, &stdout, &stderr)
	}
	if stderr.Len() > 0 {
		t.Errorf("%v wrote to stderr:\n%s", cmd, &stderr)
	}
	return result
}

// lifeProgram registers a program that prints what run returns, for lifeRun.
func lifeProgram[R any](name string, run func(ctx context.Context) (R, error)) string {
	return program(name, func() {
		multiproc.Main(func(ctx context.Context) error {
			result, err := run(ctx)
			return errors.Join(err, json.NewEncoder(os.Stdout).Encode(result))
		})
	})
}

// lifeIsAll reports whether err is each of them.
func lifeIsAll(err error, targets ...error) bool {
	for _, target := range targets {
		if !errors.Is(err, target) {
			return false
		}
	}
	return true
}
