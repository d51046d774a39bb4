package finalize

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain plays the programs of the tests that need a process, and looks for
// what the tests left behind.
func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv("FINALIZE_TEST_ROLE")]; ok {
		role()
		os.Exit(0)
	}
	code := m.Run()
	if code == 0 {
		code = leftovers()
	}
	os.Exit(code)
}

func leftovers() int {
	if n := Len(); n != 0 { // TESTS row 8
		fmt.Fprintf(os.Stderr, "%d finalizers left\n", n)
		return 1
	}
	var stacks string
	for range 200 {
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "finalize.(*registry)") && !strings.Contains(stacks, "finalize.(*pass)") {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", stacks)
	return 1
}

// play runs this binary in a role and returns what it printed.
func play(t *testing.T, role string, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), "FINALIZE_TEST_ROLE="+role, "GORACE=atexit_sleep_ms=0")
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
