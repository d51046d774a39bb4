package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"multiproc"
	"multiproc/stdio"
)

// lateFlush is output that wants a directory when all finalizers have run.
type lateFlush struct{}

func (lateFlush) Flush() error { return tempdirAll() }

var tempdirLate = program("tempdir-late", func() {
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
	cmd.Stderr = os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 1900*time.Millisecond { // trackerLimit is two seconds
		t.Errorf("it took %v", took)
	}
	names, err := os.ReadDir(place)
	if err != nil || len(names) != 0 {
		t.Errorf("left: %s, %v", fmt.Sprint(names), err)
	}
}
