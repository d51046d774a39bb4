//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

var exitBounded = exitMain("exit-bounded", multiproc.MainOptions{ExitTimeout: 100 * time.Millisecond},
	func(ctx context.Context, args []string) error {
		if args[0] == "finalizer" {
			finalize.AtExit(func() error { mark("stuck"); select {} }, 1)
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
		s.abrupt = true
		s.await("other ready")
		openGate(t, gate)
		s.end(how.code).says("multiproc: MainProcess: exit took longer than ExitTimeout\n")
		s.says(how.says)
		if how.stuck == "finalizer" {
			s.inOrder("stuck")
			s.without("MainProcess: join other")
		}
	}
}

// exitSilent is stuck in a join, and writes nothing by itself.
var exitSilent = program("exit-silent", func() {
	multiproc.MainWithOptions(func(context.Context) error {
		_, err := exitStart(context.Background(), exitPlan{Name: "other", Until: "deaf"}, multiproc.Options{})
		return err
	}, multiproc.MainOptions{ExitTimeout: 100 * time.Millisecond})
})

// It may be stderr that everybody is stuck in. And it is the bound that ends
// the process, even when the sequence gets further once children are killed.
func TestExitTimeoutWithoutStderr(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	err = w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	for err == nil {
		_, err = w.Write(make([]byte, 1<<16)) // what finds no room is dropped
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	gate := filepath.Join(t.TempDir(), "gate")
	openGate(t, gate)
	for _, program := range []string{exitBounded, exitSilent} {
		cmd := programCommand(t, program, "child", gate, "return")
		cmd.Stderr = w
		s := stageCommand(t, cmd)
		s.abrupt = true
		s.end(124)
	}
}
