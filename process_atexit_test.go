package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"multiproc"
	"multiproc/finalize"
)

// lifeLeave leaves in that way, after what AtExit does.
var lifeLeave = multiproc.NewFunc("life-leave", func(_ context.Context, how lifeWay) (string, error) {
	finalize.AtExit(func() error {
		fmt.Println("bye") // TESTS 81
		return os.WriteFile(how.File, []byte("deadbeef"), 0o666)
	}, finalize.BeforeChildren)
	finalize.AtExit(func() error { return errors.New("this hook fails") }, 1) // TESTS 82
	finalize.AtExit(func() error { panic("and this one panics") }, 1)
	switch how.Name {
	case "Exit":
		multiproc.Exit(0)
	case "error":
		return "", errors.New("of no use")
	case "panic":
		panic("of no use")
	case "Goexit":
		runtime.Goexit()
	}
	return "left", nil
})

// lifeHelper returns while a goroutine of its own works, which a hook waits for.
var lifeHelper = multiproc.NewFunc("life-helper", func(_ context.Context, file string) (int, error) {
	exiting, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		<-exiting
		_ = os.WriteFile(file, []byte("deadbeef"), 0o666)
	}()
	finalize.AtExit(func() error {
		close(exiting)
		<-done
		return nil
	}, finalize.AfterChildren)
	return 0, nil
})

// TESTS 78: the exit waits for goroutines that a hook waits for.
func TestExitWaitsForGoroutines(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := lifeStart(t, lifeHelper, file).Wait(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); string(text) != "deadbeef" {
		t.Errorf("the goroutine wrote %q, %v", text, err)
	}
}

type lifeWay struct{ Name, File string }

// TESTS 80-82: whatever the way, hooks run, their output arrives, and one that
// fails is told of, but changes no code.
func TestHooksRunAtExit(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"return": 0, "Exit": 0, "error": 1, "panic": 1, "Goexit": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			file := filepath.Join(t.TempDir(), "file")
			c := lifeStart(t, lifeLeave.With(multiproc.Options{Stdout: &stdout, Stderr: &stderr}), lifeWay{name, file})
			if err := c.Join(lifeCtx(t)); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(file); string(text) != "deadbeef" {
				t.Errorf("the hook wrote %q, %v", text, err)
			}
			if stdout.String() != "bye\n" {
				t.Errorf("stdout is %q", &stdout)
			}
			for _, want := range []string{"this hook fails", "and this one panics"} {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("%q is missing from stderr:\n%s", want, &stderr)
				}
			}
			if got, ok := c.ExitCode(); got != code || !ok {
				t.Errorf("ExitCode() = %d, %v; want %d", got, ok, code)
			}
		})
	}
}
