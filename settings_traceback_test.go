package multiproc_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multiproc"
)

var lifeCrash = multiproc.NewFunc("life-crash", func(ctx context.Context, _ struct{}) (int, error) {
	go func() { panic("life-crash") }()
	<-ctx.Done()
	return 0, nil
})

var lifeCrashBelow = multiproc.NewFunc("life-crash-below", func(ctx context.Context, dir string) (string, error) {
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return "", err
	}
	defer stderr.Close()
	opts := multiproc.Options{Env: []string{"ONLY=this"}, Stderr: stderr}
	_, _ = lifeCrash.With(opts).Call(ctx, struct{}{})
	text, err := os.ReadFile(stderr.Name())
	return string(text), err
})

// TESTS 43: GOTRACEBACK is in force in a grandchild whose parent does not see
// it any more: with none, a crash shows no stack.
func TestTracebackTravels(t *testing.T) {
	t.Parallel()
	for value, stack := range map[string]bool{"none": false, "all": true} {
		cmd := programCommand(t, lifeTraceback)
		cmd.Args = append(cmd.Args, t.TempDir())
		cmd.Env = append(cmd.Env, "GOTRACEBACK="+value)
		text := lifeRun[string](t, cmd)
		if !strings.Contains(text, "panic: life-crash") || strings.Contains(text, "goroutine ") != stack {
			t.Errorf("GOTRACEBACK=%s: the grandchild crashed with\n%s", value, text)
		}
	}
}

var lifeTraceback = lifeProgram("life-traceback", func(ctx context.Context) (string, error) {
	return lifeCrashBelow.With(multiproc.Options{Env: []string{"ONLY=this"}}).Call(ctx, os.Args[1])
})
