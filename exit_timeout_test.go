//go:build unix

package multiproc_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

var exitBounded = exitMain("exit-bounded", multiproc.MainOptions{ExitTimeout: 100 * time.Millisecond},
	func(ctx context.Context, args []string) error {
		if args[0] == "finalizer" {
			finalize.AtExit(func() error { mark("stuck"); select {} }, -1)
		}
		_, err := exitStart(context.Background(), exitPlan{Name: "other", Until: "deaf", Stuck: true}, multiproc.Options{Daemon: args[0] == "daemon"})
		awaitFile(ctx, args[1])
		if args[2] == "panic" {
			exitPanicking()
		}
		return err
	})

// PAINS 34: whatever is stuck, the bound holds, and no child is left.
func TestExitTimeout(t *testing.T) {
	t.Parallel()
	for _, how := range []struct {
		stuck, leave string
		code         int
		says         string
	}{
		{"finalizer", "return", 124, ""},
		{"child", "return", 124, ""},
		{"daemon", "return", 124, ""},
		{"finalizer", "panic", 2, "multiproc_test.exitPanicking"}, // the report of a panic is not lost
	} {
		gate := filepath.Join(t.TempDir(), "gate")
		s := stageProgram(t, exitBounded, how.stuck, gate, how.leave)
		s.await("other ready")
		openGate(t, gate)
		s.end(how.code).says("multiproc: MainProcess: exit took longer than ExitTimeout\n")
		s.says(how.says)
	}
}
