package multiproctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

// briefly is the patience of a check that is to fail.
const briefly = 300 * time.Millisecond

// kept holds what a play leaks, for the collector would close some of it.
var kept []any

func init() {
	playLeaks(map[string]func(t *testing.T){
		"temp": func(t *testing.T) {
			must(t)(nil, os.Mkdir(filepath.Join(os.TempDir(), "multiproc-left"), 0o700))
			must(t)(nil, os.Mkdir(filepath.Join(os.TempDir(), "others-"), 0o700)) // which is nobody's business
		},
		"goroutine": func(*testing.T) { go stray() },
	})
	plays["clean"] = func(t *testing.T) {
		for i := range 2 { // whatever is done for the first child alone
			t.Run(fmt.Sprint(i), clean)
		}
	}
	plays["clean after a leak"] = func(t *testing.T) {
		mustStart(t, untilTold, multiproc.Options{})
		go stray()
		kept = append(kept, must(t)(os.Open(os.Args[0])))
		clean(t)
	}
	plays["cleanup"] = func(t *testing.T) {
		CheckLeaks(t)
		Cleanup(t)
		mustStart(t, untilTold, multiproc.Options{})
		mustStartDeaf(t, multiproc.Options{Grace: 10 * time.Millisecond})
		finalize.AtExit(func() error { fmt.Println("finalized"); return nil }, 0)
	}
	plays["cleanup fails"] = func(t *testing.T) {
		Cleanup(t)
		failFinalizer()
	}
	plays["cleanup is short of time"] = func(t *testing.T) {
		CheckLeaks(t)
		cleanup(t, time.Millisecond)
		mustStartDeaf(t, multiproc.Options{Grace: time.Hour})
	}
}

// playLeaks makes a play of each leak.
func playLeaks(leaks map[string]func(t *testing.T)) {
	for name, leak := range leaks {
		plays["leaks "+name] = func(t *testing.T) {
			checkLeaks(t, briefly)
			leak(t)
		}
	}
}

func must(t *testing.T) func(v any, err error) any {
	return func(v any, err error) any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func stray() { select {} }

// clean does everything that could leak, and leaves nothing.
func clean(t *testing.T) {
	CheckLeaks(t)
	dir := filepath.Join(os.TempDir(), "multiproc-clean")
	must(t)(nil, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { os.RemoveAll(dir) })
	if !otherPid(t, pid) {
		t.Error("no process of its own")
	}
	for range 3 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if err := mustStart(t, untilTold, multiproc.Options{}).Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	f := must(t)(os.Open(os.Args[0])).(*os.File)
	ended := make(chan struct{})
	go func() { // after the test
		<-ended
		time.Sleep(20 * time.Millisecond)
		f.Close()
	}()
	close(ended)
}

func TestCheckLeaksTellsEachKind(t *testing.T) {
	t.Parallel()
	testLeaks(t, map[string][]string{
		"temp":      {"temporary file", string(filepath.Separator) + "multiproc-"},
		"goroutine": {"goroutine, still running", "multiproctest.stray("},
	})
}

// testLeaks checks that each play fails, and tells all its parts.
func testLeaks(t *testing.T, leaks map[string][]string) {
	for name, parts := range leaks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := perform(t, "", "leaks "+name)
			s.want(t, 1, append(parts, "--- FAIL: TestPlay", "multiproctest: CheckLeaks: the test left behind:")...)
			if strings.Contains(s.out, "others-") {
				t.Error("something is told that is not multiproc's")
			}
		})
	}
}

func TestCheckLeaksPasses(t *testing.T) {
	t.Parallel()
	perform(t, "", "clean").want(t, 0)
	perform(t, "", "clean", "-test.count=2", "-test.cpu=1,4").want(t, 0)
	perform(t, "goleak", "clean").want(t, 0)
	perform(t, "", "clean after a leak").want(t, 0)
}

func TestCleanup(t *testing.T) {
	t.Parallel()
	perform(t, "", "cleanup").want(t, 0, "finalized")
	perform(t, "", "cleanup fails").want(t, 1, "--- FAIL: TestPlay", "multiproctest: Cleanup:", "no luck")
	perform(t, "", "cleanup is short of time").want(t, 0)
}

// refused checks that f panics with this text.
func refused(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), text) {
			t.Errorf("panic %v, want %q", v, text)
		}
	}()
	f()
	panic(errors.New("none"))
}
