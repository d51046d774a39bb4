package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"multiproc"
	"multiproc/mplog"
	"multiproc/stdio"
)

// lateFlush is output that wants a directory when all finalizers have run.
type lateFlush struct{}

func (lateFlush) Flush() error { return tempdirAll() }

var tempdirLate = program("tempdir-late", func() {
	mplog.LogToStderr(mplog.LevelDebug)
	stdio.FlushAtExit(lateFlush{})
	multiproc.Main(func(context.Context) error { return nil })
})

// A directory that is made when nobody is left to remove it is the tracker's to
// remove, and the exit does not wait for a lock that this process itself holds.
func TestTempDirAfterFinalizers(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	cmd := programCommand(t, tempdirLate)
	cmd.Env = append(cmd.Env, "TMPDIR="+place)
	stderr := new(strings.Builder)
	cmd.Stderr = stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	// Said by who gives up waiting for the tracker, which waits for him.
	if strings.Contains(stderr.String(), "event=tracker") {
		t.Error(stderr)
	}
	names, err := os.ReadDir(place)
	if err != nil || len(names) != 0 {
		t.Errorf("left: %s, %v", fmt.Sprint(names), err)
	}
}
