//go:build unix

package multiproc_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// exitTrace is a trace file, as a viewer reads it.
type exitTrace struct {
	TraceEvents []traceEvent
}

type traceEvent struct {
	Name, Ph          string
	TS, Dur, PID, TID int64
	Args              map[string]any
}

// readTrace returns the complete events of a trace file by their names, and
// whose they are.
func readTrace(t *testing.T, file string) (process string, pid int64, steps map[string]traceEvent) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var trace exitTrace
	if err := json.Unmarshal(data, &trace); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	steps = map[string]traceEvent{}
	for _, e := range trace.TraceEvents {
		switch pid = e.PID; {
		case pid != trace.TraceEvents[0].PID || pid <= 0:
			t.Errorf("two pids in %s", data)
		case e.Ph == "M" && e.Name == "process_name":
			process, _ = e.Args["name"].(string)
		case e.Ph != "X" || e.Dur < 0 || e.TS <= 0:
			t.Errorf("%+v is no step", e)
		case steps[e.Name].Ph != "":
			t.Errorf("two of %q in %s", e.Name, data)
		default:
			steps[e.Name] = e
		}
	}
	return process, pid, steps
}

// The trace tells what took how long, in main and in each child, for whoever
// can read the format of chrome://tracing.
func TestExitTrace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gate, leave := filepath.Join(dir, "gate"), filepath.Join(dir, "leave")
	cmd := programCommand(t, exitWay, "return", gate, leave)
	cmd.Env = append(cmd.Env, "MULTIPROC_EXIT_TRACE="+filepath.Join(dir, "exit.json"))
	s := stageCommand(t, cmd)
	s.await("daemon ready", "other ready")
	openGate(t, leave)
	s.await("MainProcess: join other")
	openGate(t, gate)
	s.end(0)
	files, err := filepath.Glob(dir + "/exit*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("files %q, %v; want one for each process", files, err)
	}
	of := map[string]map[string]traceEvent{}
	for _, file := range files {
		name, pid, steps := readTrace(t, file)
		of[name] = steps
		base := "exit.json"
		if name != "MainProcess" {
			base = fmt.Sprintf("exit.%d.json", pid)
		}
		if filepath.Base(file) != base {
			t.Errorf("%s is of %s, pid %d", file, name, pid)
		}
		end := int64(0)
		for _, step := range []string{"finalizers", "terminate", "join", "remaining-finalizers", "flush"} {
			e, ok := steps[step]
			if !ok || e.TS < end-1 || e.TID != 0 { // cut to microseconds
				t.Errorf("%s of %s: %+v, after %d", step, name, e, end)
			}
			end = e.TS + e.Dur - 1 // none is shown shorter than 1
		}
	}
	if len(of) != 3 || of["daemon"] == nil || of["other"] == nil {
		t.Errorf("traces of %v", of)
	}
	main := of["MainProcess"]
	for step, part := range map[string]string{"terminate": "terminate daemon", "join": "join other"} {
		whole, e := main[step], main[part]
		if e.Dur < 1 || e.TID == 0 || e.TS < whole.TS || e.TS+e.Dur > whole.TS+whole.Dur+1 {
			t.Errorf("%q: %+v is no part of %+v", part, e, whole)
		}
	}
	if parts := len(main); parts != 7 {
		t.Errorf("%d steps in main: %v", parts, main)
	}
}

// A trace that can't be written is said, and changes no code, in main and child.
func TestExitTraceThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, exitCode, "child in finalizer")
	cmd.Env = append(cmd.Env, "MULTIPROC_EXIT_TRACE="+filepath.Join(t.TempDir(), "no", "such", "exit.json"))
	s := stageCommand(t, cmd).end(0)
	s.says("multiproc: MULTIPROC_EXIT_TRACE: open ")
	s.inOrder(slices.Concat([]string{"late child: value, <nil>"}, markedFinalizers("root")[2:])...)
}
