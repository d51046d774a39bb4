package leak

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// roleEnv makes the test binary play one of roles under a gate of its own.
const roleEnv = "LEAK_TEST_ROLE"

var roles = map[string]func() int{
	"clean":     clean,
	"fails":     func() int { go stray(); return 3 },
	"goroutine": func() int { go stray(); return 0 },
	"temp":      func() int { return check(os.MkdirAll(filepath.Join(os.TempDir(), "left", "inner"), 0o700)) },
}

// workerRole leaks, as the worker of a fuzzing run may.
const workerRole = "worker"

// briefly is the patience of a gate in a test that expects a leak.
const briefly = 300 * time.Millisecond

type fakeM func() int

func (m fakeM) Run() int { return m() }

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		os.Unsetenv(roleEnv)
		if role == workerRole {
			os.Exit(Run(fakeM(roles["goroutine"])))
		}
		limit := briefly
		if strings.HasPrefix(role, "clean") {
			limit = Settle
		}
		os.Exit(run(fakeM(roles[role]), os.Stderr, limit))
	}
	Main(m)
}

func stray() { select {} }

func check(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "role:", err)
		return 9
	}
	return 0
}

// clean does everything that could leak and cleans up, the last bit after it
// has returned.
func clean() int {
	r, w, err := os.Pipe()
	if err != nil {
		return check(err)
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	defer signal.Stop(c)
	cmd := exec.Command(os.Args[0], "-test.list=^$")
	cmd.Stdout = w
	err = errors.Join(cmd.Run(), os.WriteFile(filepath.Join(os.TempDir(), "late"), nil, 0o600))
	go func() {
		time.Sleep(20 * time.Millisecond)
		os.Remove(filepath.Join(os.TempDir(), "late"))
		w.Close()
		r.Close()
	}()
	return check(err)
}

// command is this binary in a role, with its temporary files below t's.
func command(t *testing.T, role string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	for _, name := range tempEnv() {
		cmd.Env = append(cmd.Env, name+"="+t.TempDir())
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// expect runs cmd and checks its exit code and that each part is told.
func expect(t *testing.T, cmd *exec.Cmd, stderr *bytes.Buffer, code int, parts ...string) {
	t.Helper()
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, p := range parts {
		if !strings.Contains(stderr.String(), p) {
			t.Errorf("%q is not told", p)
		}
	}
	if len(parts) == 0 && stderr.Len() > 0 {
		t.Errorf("something is told")
	}
	if t.Failed() {
		t.Logf("stderr:\n%s", stderr)
	}
}

func TestLeaksFail(t *testing.T) {
	for _, c := range []struct {
		role  string
		code  int
		parts []string
	}{
		{"clean", 0, nil},
		{"goroutine", 1, []string{"the tests left behind", "goroutine, still running", "leak.stray("}},
		{"fails", 3, []string{"leak.stray("}},
		{"temp", 1, []string{"temporary file", `left" (a directory with ["inner"])`}},
	} {
		t.Run(c.role, func(t *testing.T) {
			t.Parallel()
			cmd, stderr := command(t, c.role)
			expect(t, cmd, stderr, c.code, c.parts...)
		})
	}
}

// The private TMPDIR goes, also with a leak in it.
func TestTempDirIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd, stderr := command(t, "temp")
	for _, name := range tempEnv() {
		cmd.Env = append(cmd.Env, name+"="+dir)
	}
	expect(t, cmd, stderr, 1, filepath.Join(dir, "mp-"))
	if left := names(dir); len(left) > 0 {
		t.Errorf("left in the outer TMPDIR: %q", left)
	}
}

func TestEnvironmentIsRestored(t *testing.T) {
	t.Setenv(MarkEnv, "outer")
	temp := os.TempDir()
	restore, err := enter("inner")
	if err != nil {
		t.Fatal(err)
	}
	if got := os.Getenv(MarkEnv); got != "outer,inner" {
		t.Errorf("marks %q, want both", got)
	}
	inner := os.TempDir()
	if inner == temp {
		t.Errorf("TMPDIR is not private")
	}
	restore()
	if os.Getenv(MarkEnv) != "outer" || os.TempDir() != temp {
		t.Errorf("environment not restored: %q, %q", os.Getenv(MarkEnv), os.TempDir())
	}
	if _, err := os.Stat(inner); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("private TMPDIR: %v, want it gone", err)
	}
}

// Whatever package testing does in a run is no leak.
func TestFlagsOfTheTestBinary(t *testing.T) {
	for _, args := range [][]string{
		{"-test.list=."},
		{"-test.run=^$", "-test.bench=^$", "-test.timeout=1m"},
		{"-test.run=^TestEnvironmentIsRestored$", "-test.cpuprofile=c.prof", "-test.trace=t.out"},
		{"-test.run=^TestEnvironmentIsRestored$", "-test.memprofile=m.prof"},
		{"-test.run=^TestEnvironmentIsRestored$", "-test.testlogfile=log", "-test.outputdir=."},
		{"-test.run=^$", "-test.fuzz=^FuzzName$", "-test.fuzztime=50x", "-test.fuzzcachedir=cache", "-test.parallel=2"},
	} {
		t.Run(strings.TrimPrefix(args[len(args)-1], "-test."), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "GOGC=off") // no file is closed by the collector
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "leak:") {
				t.Errorf("%q: %v\n%s", args, err, out)
			}
		})
	}
}

// A worker's goroutines are its own affair: it is killed at any time.
func TestFuzzWorkerIsNotJudged(t *testing.T) {
	t.Parallel()
	cmd, stderr := command(t, workerRole)
	cmd.Args = append(cmd.Args, "-test.fuzzworker")
	expect(t, cmd, stderr, 0)
}

// A goroutine's number and stack are told whatever its state is.
func TestGoroutinesDiffer(t *testing.T) {
	before := take("")
	release, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); <-release }()
	if leaks := before.leaks(); len(leaks) != 1 || !strings.Contains(leaks[0], "TestGoroutinesDiffer.func1") {
		t.Errorf("leaks = %q, want one goroutine", leaks)
	}
	close(release)
	<-ended
	if leaks := before.Since(Settle); len(leaks) > 0 {
		t.Errorf("leaks = %q, want none", leaks)
	}
}

// FuzzName is here for the runs that need a fuzz target on every system.
func FuzzName(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, name string) {
		if got := describe(name); !strings.HasPrefix(got, fmt.Sprintf("%q (", name)) {
			t.Errorf("describe(%q) = %q", name, got)
		}
	})
}
