//go:build unix

package multiproc_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"multiproc"
	"multiproc/stdio"
)

// exitFlushLines is more than a buffer and a pipe hold.
var exitFlushLines = sync.OnceValue(func() string { // each process of a test has what stands above its main
	return strings.Repeat("a line\n", 20_000) + "the last line\n"
})

func exitFlushPanic() {
	w := bufio.NewWriter(os.Stderr)
	stdio.FlushAtExit(w)
	for line := range strings.Lines(exitFlushLines()) { // at once it would bypass the buffer
		w.WriteString(line)
	}
	panic("at last")
}

var exitFlushPanics = multiproc.NewFunc("exit-flush-panics", func(context.Context, int) (int, error) {
	exitFlushPanic()
	return 0, nil
})

var exitFlushRunPanics = program("exit-flush-run-panics", func() {
	multiproc.Main(func(context.Context) error { exitFlushPanic(); return nil })
})

// TESTS 42: what is buffered comes out whole though the function has panicked.
func TestExitFlushAfterPanic(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := lifeStart(t, exitFlushPanics.With(multiproc.Options{Stderr: f}), 0)
	if _, err := c.Result(lifeCtx(t)); !lifeIsPanic(err) {
		t.Errorf("Result: %v, want a panic", err)
	}
	if err := c.Join(lifeCtx(t)); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(f.Name()); string(got) != exitFlushLines() {
		t.Errorf("%d bytes of %d, %v", len(got), len(exitFlushLines()), err)
	}
}

func lifeIsPanic(err error) bool {
	_, ok := errors.AsType[*multiproc.PanicError](err)
	return ok
}

// The same in the main process, whose panic comes out after it.
func TestExitFlushAfterPanicInRun(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, exitFlushRunPanics)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 2 {
		t.Errorf("it ended with %v, want 2", err)
	}
	if rest, ok := strings.CutPrefix(stderr.String(), exitFlushLines()); !ok || !strings.Contains(rest, "panic: at last") {
		t.Errorf("%d bytes of %d, then %.100q", stderr.Len(), len(exitFlushLines()), rest)
	}
}
