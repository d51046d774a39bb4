//go:build unix

package multiproc_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		return err
	})

// PAINS 34: whatever is stuck, the bound holds, and no child is left.
func TestExitTimeout(t *testing.T) {
	t.Parallel()
	for _, stuck := range []string{"finalizer", "child", "daemon"} {
		gate := filepath.Join(t.TempDir(), "gate")
		s := stageProgram(t, exitBounded, stuck, gate)
		s.await("other ready")
		openGate(t, gate)
		s.end(124).says("multiproc: MainProcess: exit took longer than ExitTimeout\n")
	}
}

// The trace tells what took how long, in main and child, for whoever can read
// the format of chrome://tracing.
func TestExitTrace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := programCommand(t, exitCode, "child in finalizer")
	cmd.Env = append(cmd.Env, "MULTIPROC_EXIT_TRACE="+filepath.Join(dir, "exit.json"))
	stageCommand(t, cmd).end(0)
	files, err := filepath.Glob(dir + "/*.json")
	if err != nil || len(files) != 2 || filepath.Base(files[1]) != "exit.json" {
		t.Fatalf("files %q, %v", files, err)
	}
	for file, name := range map[string]string{files[0]: "Process-1", files[1]: "MainProcess"} {
		var trace struct {
			TraceEvents []struct {
				Name, Ph string
				Ts, Dur  int64 //nolint:staticcheck // the names of the format
				Pid      int
				Args     map[string]any
			}
		}
		data, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(data, &trace)
		}
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, e := range trace.TraceEvents {
			switch {
			case e.Ph == "M" && e.Args["name"] != name:
				t.Errorf("%s: process %v, want %s", file, e.Args["name"], name)
			case e.Ph == "X" && (e.Dur < 0 || e.Ts <= 0):
				t.Errorf("%s: %+v", file, e)
			case e.Ph == "X":
				steps = append(steps, e.Name)
			}
			if !strings.HasPrefix(filepath.Base(file), "exit.json") && !strings.Contains(file, jsonNumber(e.Pid)) {
				t.Errorf("%s is of pid %d", file, e.Pid)
			}
		}
		for _, want := range []string{"finalizers", "remaining-finalizers", "flush"} {
			if !slices.Contains(steps, want) {
				t.Errorf("%s: no %q in %q", file, want, steps)
			}
		}
	}
}

func jsonNumber(n int) string {
	b, _ := json.Marshal(n) // never fails
	return string(b)
}

// A trace that can't be written is said, and changes no code.
func TestExitTraceThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, exitCode, "nil")
	cmd.Env = append(cmd.Env, "MULTIPROC_EXIT_TRACE="+filepath.Join(t.TempDir(), "no", "such", "exit.json"))
	stageCommand(t, cmd).end(0).says("multiproc: MULTIPROC_EXIT_TRACE: open ")
}
