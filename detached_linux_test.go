package multiproc_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"multiproc"
)

// detachedHasty is gone before its child knows who it is.
var detachedHasty = program("detached-hasty", func() {
	multiproc.Init()
	opts := multiproc.Options{Detached: true, Stdout: io.Discard, Stderr: io.Discard}
	if _, err := oddDeaf.With(opts).Start(context.Background(), os.Args[1]); err != nil {
		fmt.Println(err)
	}
	os.Exit(0)
})

// A detached child needs no parent, also not at its birth.
func TestDetachedFromAHastyParent(t *testing.T) {
	t.Parallel()
	for i := range 10 {
		mark := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if out, err := programCommand(t, detachedHasty, mark).Output(); err != nil || len(out) > 0 {
			t.Errorf("%s, %v", out, err)
		}
		pid, err := strconv.Atoi(lifeHear(t, mark))
		if err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL) // it waits for that
	}
}
