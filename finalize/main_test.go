package finalize

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"multiproc/internal/leak"
)

// TestMain plays the programs of the tests that need a process, and looks for
// what the tests left behind.
func TestMain(m *testing.M) {
	leak.MainWithRoles(emptied{m}, roles)
}

// emptied fails a run that leaves finalizers behind (TESTS 8).
type emptied struct{ m *testing.M }

func (e emptied) Run() int {
	code := e.m.Run()
	if n := Len(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d finalizers left\n", n)
		return 1
	}
	return code
}

// play runs this binary in a role and returns what it printed.
func play(t *testing.T, role string, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	return string(out)
}

// within fails the test if done isn't closed soon. It is a safety net against a
// hang, not a measure.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		buf := make([]byte, 1<<20)
		t.Fatalf("%s: no end after 30 s\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// concurrently runs f on a goroutine and returns a channel that is closed when
// it has ended.
func concurrently(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// collectUntil collects garbage until done is closed.
func collectUntil(t *testing.T, done <-chan struct{}) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		runtime.GC()
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("not collected after 30 s")
		}
	}
}

func priority(n int) plan { return plan{atExit: true, priority: n} }

// where returns the program counter of its caller.
func where() uintptr {
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	return pc[0]
}
