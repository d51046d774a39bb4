package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multiproc"
)

// lifeWrite writes so many lines to stdout and stderr in turn.
var lifeWrite = multiproc.NewFunc("life-write", func(_ context.Context, lines int) (int, error) {
	for i := range lines {
		fmt.Fprintln(os.Stdout, "out", i)
		fmt.Fprintln(os.Stderr, "err", i)
	}
	return lines, nil
})

func lifeLines(lines int, names ...string) string {
	var b strings.Builder
	for i := range lines {
		for _, name := range names {
			fmt.Fprintln(&b, name, i)
		}
	}
	return b.String()
}

// Output arrives whole before Join returns.
func TestOutputToWriters(t *testing.T) {
	t.Parallel()
	const lines = 20000
	var stdout, stderr bytes.Buffer
	c := lifeStart(t, lifeWrite.With(multiproc.Options{Stdout: &stdout, Stderr: &stderr}), lines)
	if err := c.Wait(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if stdout.String() != lifeLines(lines, "out") || stderr.String() != lifeLines(lines, "err") {
		t.Errorf("%d and %d bytes arrived", stdout.Len(), stderr.Len())
	}
}

// One writer for both keeps the order, and is used by one goroutine at a time.
func TestOutputToOneWriter(t *testing.T) {
	t.Parallel()
	const lines = 200
	var both bytes.Buffer
	c := lifeStart(t, lifeWrite.With(multiproc.Options{Stdout: &both, Stderr: &both}), lines)
	if err := c.Wait(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if want := lifeLines(lines, "out", "err"); both.String() != want {
		t.Errorf("the output is\n%s", &both)
	}
}

// A writer that can't be compared is as good as any.
type lifeFuncWriter func(p []byte) (int, error)

func (f lifeFuncWriter) Write(p []byte) (int, error) { return f(p) }

func TestOutputToFilesAndFuncs(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var stderr bytes.Buffer
	opts := multiproc.Options{Stdout: file, Stderr: lifeFuncWriter(stderr.Write)}
	if err := lifeStart(t, lifeWrite.With(opts), 10).Wait(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file.Name()); string(got) != lifeLines(10, "out") || err != nil {
		t.Errorf("the file has %q, %v", got, err)
	}
	if stderr.String() != lifeLines(10, "err") {
		t.Errorf("stderr is %q", &stderr)
	}
	if _, err := file.WriteString("still open"); err != nil {
		t.Error(err)
	}
}

// A writer that fails is its owner's affair: the child has ended all the same,
// and its result is there. PAINS 42.
func TestOutputToABrokenWriter(t *testing.T) {
	t.Parallel()
	broken := lifeFuncWriter(func([]byte) (int, error) { return 0, io.ErrShortWrite })
	c := lifeStart(t, lifeWrite.With(multiproc.Options{Stdout: broken, Stderr: io.Discard}), 3)
	if err := c.Join(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.ExitCode(); !ok {
		t.Error("no exit code")
	}
}

// TESTS 42: what a dying runtime says reaches a redirected stderr, and the
// parent, whole.
func TestCrashReachesStderr(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	c := lifeStart(t, lifeCrash.With(multiproc.Options{Stderr: &stderr}), struct{}{})
	var died *multiproc.ExitError
	if err := c.Wait(lifeCtx(t)); !errors.As(err, &died) || died.Status.Code != 2 {
		t.Errorf("Wait = %v, want code 2", err)
	}
	for _, want := range []string{"panic: life-crash\n", "goroutine ", "settings_traceback_test.go:"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, &stderr)
		}
	}
}

// TESTS 42: a panic of the function is no output: Result has it, with the
// stack.
var lifePanic = multiproc.NewFunc("life-panic", func(context.Context, struct{}) (int, error) { panic("life-panic") })

func TestPanicIsAResult(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	c := lifeStart(t, lifePanic.With(multiproc.Options{Stdout: &output, Stderr: &output}), struct{}{})
	_, err := c.Result(lifeCtx(t))
	var p *multiproc.PanicError
	if !errors.As(err, &p) || p.Value != "life-panic" || !strings.Contains(p.Stack, "options_output_test.go:") {
		t.Errorf("Result = %v", err)
	}
	if err := c.Join(lifeCtx(t)); err != nil || output.Len() > 0 {
		t.Errorf("Join = %v, the output is %q", err, &output)
	}
}
