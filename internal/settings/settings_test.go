package settings

import (
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// all are the settings that this package knows.
var all = []string{"GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "GORACE", "GOGC", "GOMEMLIMIT", "GOMAXPROCS"}

// A process is what a test makes of this one: its environment as far as
// settings go, and the settings that were changed while it ran.
type process struct {
	env    []string
	hidden map[string]string
	gogc   int   // 100 if zero; negative for off
	limit  int64 // none if zero
	procs  int   // as the runtime chose if zero
}

// become makes this process p, until the test ends.
func become(t *testing.T, p process) {
	t.Helper()
	for _, key := range all {
		t.Setenv(key, "") // for the restoring
		os.Unsetenv(key)
	}
	for _, entry := range p.env {
		key, value, _ := strings.Cut(entry, "=")
		t.Setenv(key, value)
	}
	oldHidden, oldProcs := hidden, procs
	hidden = make(map[string]string)
	maps.Copy(hidden, p.hidden)
	gogc, limit := 100, int64(1<<63-1)
	if p.gogc != 0 {
		gogc = p.gogc
	}
	if p.limit != 0 {
		limit = p.limit
	}
	oldGC, oldLimit := debug.SetGCPercent(gogc), debug.SetMemoryLimit(limit)
	oldMax := runtime.GOMAXPROCS(0)
	procs = oldMax
	if p.procs != 0 {
		runtime.GOMAXPROCS(p.procs)
		procs = p.procs + 1
	}
	t.Cleanup(func() {
		hidden, procs = oldHidden, oldProcs
		debug.SetGCPercent(oldGC)
		debug.SetMemoryLimit(oldLimit)
		runtime.GOMAXPROCS(oldMax)
	})
}

func TestApplyLeavesTheArrayAlone(t *testing.T) {
	become(t, process{gogc: 50})
	array := []string{"GOGC=", "A=b", "the caller's", "own"}
	if start, _ := Apply(array[:2]); !slices.Contains(start, "A=b") {
		t.Errorf("start = %q", start)
	}
	if start, _ := Apply(array[1:2]); !slices.Equal(start, []string{"A=b", "GOGC=50"}) {
		t.Errorf("start = %q", start)
	}
	if !slices.Equal(array, []string{"GOGC=", "A=b", "the caller's", "own"}) {
		t.Errorf("the caller's array is %q now", array)
	}
}

func TestRestore(t *testing.T) {
	become(t, process{env: []string{"GOGC=50", "GOTRACEBACK=all", "GORACE=a"}, gogc: 50})
	Restore([]string{"GOGC=10", "GOTRACEBACK", "GOMEMLIMIT", "GODEBUG=a=b,c=d", "GORACE="})
	for key, want := range map[string]string{"GOGC": "10", "GODEBUG": "a=b,c=d", "GORACE": ""} {
		if got, ok := os.LookupEnv(key); !ok || got != want {
			t.Errorf("%s = %q, %v, want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"GOTRACEBACK", "GOMEMLIMIT"} {
		if got, ok := os.LookupEnv(key); ok {
			t.Errorf("%s = %q, want none", key, got)
		}
	}
	// What was taken out is handed on, and nothing that nobody set.
	start, restore := Apply(os.Environ())
	for entry, want := range map[string]bool{"GOTRACEBACK=all": true, "GOGC=50": true, "GOMEMLIMIT=off": false} {
		if got := slices.Contains(start, entry); got != want {
			t.Errorf("%s handed on: %v, want %v", entry, got, want)
		}
	}
	if want := []string{"GOTRACEBACK", "GOGC=10"}; !slices.Equal(restore, want) {
		t.Errorf("restore = %q, want %q", restore, want)
	}
	Restore(nil)
}

func TestLookup(t *testing.T) {
	t.Parallel()
	env := []string{"A", "B=", "C=c=d", "=E=e", "C=second", "", "AB=x"}
	for key, want := range map[string]string{"B": "", "C": "c=d", "AB": "x", "": "E=e"} {
		if got, ok := lookup(env, key); !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"A", "D", "E", "c"} {
		if got, ok := lookup(env, key); ok {
			t.Errorf("%s: %q, want none", key, got)
		}
	}
}
