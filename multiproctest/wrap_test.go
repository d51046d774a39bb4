package multiproctest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

func init() {
	mains["goleak"] = func(m *testing.M) { standIn(Wrap(m)) }
	mains["testscript"] = func(m *testing.M) { scriptMain(Wrap(m), map[string]func(){"app": app}) }
	mains["of its own"] = func(m *testing.M) {
		multiproc.Init()
		os.Exit(m.Run())
	}
	plays["calls"] = func(t *testing.T) {
		for i := range 3 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				if !otherPid(t, pid) {
					t.Error("no process of its own")
				}
			})
		}
	}
	plays["leaves a child"] = func(t *testing.T) { mustStart(t, untilTold, multiproc.Options{}) }
	plays["fails"] = func(t *testing.T) { t.Error("it fails"); failFinalizer() }
	plays["leaves a failing finalizer"] = func(*testing.T) { failFinalizer() }
	plays["temp"] = func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(os.TempDir(), "left"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}
	plays["script"] = func(t *testing.T) {
		if !otherPid(t, pid) {
			t.Error("no process of its own")
		}
		out := runApp(t)
		if out != "the app has a child of its own\n" {
			t.Errorf("app wrote %q", out)
		}
	}
}

func failFinalizer() { finalize.AtExit(func() error { return errors.New("no luck") }, 0) }

// A child runs its function and no test, whatever is in between.
func TestChildrenRunNoTests(t *testing.T) {
	t.Parallel()
	for _, main := range []string{"", "goleak"} {
		t.Run("main "+main, func(t *testing.T) {
			t.Parallel()
			s := perform(t, main, "calls")
			s.want(t, 0, "PASS: TestPlay/2")
			if n := strings.Count(s.out, "=== RUN   TestPlay\n"); n != 1 {
				t.Errorf("the suite ran %d times", n)
			}
		})
	}
}

// What a test leaves is cleaned up when all tests are over: a wrapper sees
// nothing of it.
func TestWrapCleansUp(t *testing.T) {
	t.Parallel()
	for _, main := range []string{"", "goleak"} {
		perform(t, main, "leaves a child").want(t, 0)
	}
	perform(t, "", "temp").want(t, 0)
}

func TestWrapTellsFailures(t *testing.T) {
	t.Parallel()
	perform(t, "", "leaves a failing finalizer").want(t, 1, "multiproctest: after the tests:", "no luck")
	perform(t, "", "fails").want(t, 1, "it fails", "no luck")
}

// The tests' own code counts, and what they change is restored.
type fakeM func() int

func (m fakeM) Run() int { return m() }

func TestWrapRuns(t *testing.T) {
	temp := os.TempDir()
	ran := false
	if code := Wrap(fakeM(func() int { ran = true; return 7 })).Run(); code != 7 || !ran {
		t.Errorf("Run = %d, want that of the tests, 7; they ran: %v", code, ran)
	}
	if os.TempDir() != temp {
		t.Errorf("TMPDIR is %q, was %q", os.TempDir(), temp)
	}
}

// A finalizer that never returns does not hang the run.
func TestCleanUpIsBounded(t *testing.T) {
	release, ended := make(chan struct{}), make(chan struct{})
	finalize.AtExit(func() error { defer close(ended); <-release; return nil }, 0)
	err := cleanUp(10*time.Millisecond, 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "a finalizer has not returned") || !strings.Contains(err.Error(), "TestCleanUpIsBounded") {
		t.Errorf("cleanUp = %v, want a stack in it", err)
	}
	close(release)
	<-ended
	buf := make([]byte, 1<<20) // the clean-up goes on, and would end what the next test starts
	for strings.Contains(string(buf[:runtime.Stack(buf, true)]), "multiproc.Cleanup(") {
		time.Sleep(time.Millisecond)
	}
}
