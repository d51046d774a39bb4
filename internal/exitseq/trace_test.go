package exitseq

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// traced is a trace file as a viewer reads it.
type traced struct {
	TraceEvents []struct {
		Name     string
		Ph       string
		TS, Dur  int64
		Pid, Tid int
		Args     map[string]any
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "exit.json")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.Trace = NewTrace("Process-1")
		w.add(w.child("daemon", true, time.Second))
		w.add(w.child("other", false, deaf).endAfter(3 * time.Second))
		w.last = func() { time.Sleep(time.Minute) }
		w.Run()
		if err := w.Trace.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got traced
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	took := map[string]time.Duration{}
	var steps []string
	last := int64(0)
	for _, e := range got.TraceEvents {
		if e.Pid != os.Getpid() || e.TS < last {
			t.Errorf("%+v: pid or order", e)
		}
		last = e.TS
		if e.Ph == "M" {
			if e.Name != "process_name" || e.Args["name"] != "Process-1" {
				t.Errorf("metadata %+v", e)
			}
			continue
		}
		if e.Ph != "X" || e.Dur < 1 {
			t.Errorf("%+v is no complete event", e)
		}
		took[e.Name] = time.Duration(e.Dur) * time.Microsecond
		if e.Tid == 0 {
			steps = append(steps, e.Name)
		}
	}
	if want := []string{"finalizers", "terminate", "join", "remaining-finalizers", "flush"}; !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
	for name, want := range map[string]time.Duration{
		"terminate":            time.Second,
		"terminate daemon":     time.Second,
		"join":                 2 * time.Second,
		"join other":           2 * time.Second,
		"remaining-finalizers": time.Minute,
		"flush":                time.Microsecond, // the least that a viewer shows
	} {
		if took[name] != want {
			t.Errorf("%q took %v, want %v", name, took[name], want)
		}
	}
}

func TestNoTrace(t *testing.T) {
	t.Parallel()
	var none *Trace
	none.add("step", 0, time.Now(), time.Now())
	if err := none.WriteFile("/nowhere/at/all"); err != nil {
		t.Error(err)
	}
}

func TestTraceThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if err := NewTrace("x").WriteFile(filepath.Join(t.TempDir(), "no", "such")); err == nil {
		t.Error("no error")
	}
}
