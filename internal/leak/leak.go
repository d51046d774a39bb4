package leak

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// MarkEnv holds the marks of the gates that a process lives under, outermost
// first, with commas between them.
const MarkEnv = "MULTIPROC_LEAK_MARK"

// Settle is how long what the tests started may take to be gone.
const Settle = 5 * time.Second

// Main runs the tests of m and exits: with their code, or with 1 when they
// passed and left something behind. It is meant to be all of a TestMain.
func Main(m interface{ Run() int }) {
	os.Exit(Run(m)) //nolint:forbidigo // a test binary that has ended has no exit sequence
}

// Run runs the tests of m in a private TMPDIR and returns the code to exit
// with: theirs, or 1 when they passed and left something behind. The leaks are
// told on standard error, and leaked processes that are surely ours are killed.
// It is for a TestMain that has more to do; what that starts before Run, or
// after it, is not looked at.
//
// Run changes the environment while the tests run, so no other goroutine may
// depend on it. The workers of a fuzzing run are not judged one by one: they
// belong to the run of their coordinator.
func Run(m interface{ Run() int }) int {
	if fuzzWorker() {
		return m.Run()
	}
	return run(m, os.Stderr, Settle)
}

func fuzzWorker() bool { return slices.Contains(os.Args[1:], "-test.fuzzworker") }

func run(m interface{ Run() int }, out io.Writer, limit time.Duration) int {
	mark := rand.Text()
	restore, err := enter(mark)
	if err != nil {
		fmt.Fprintln(out, "leak:", err)
		return 1
	}
	defer restore()
	gates.Add(1)
	defer gates.Add(-1)

	before := take(mark)
	code := m.Run()
	leaks := before.Since(limit)
	if len(leaks) == 0 {
		return code
	}
	fmt.Fprintf(out, "leak: the tests left behind:\n")
	for _, l := range leaks {
		fmt.Fprintf(out, "\t%s\n", l)
	}
	before.KillOurs(out)
	if code == 0 {
		code = 1
	}
	return code
}

// gates counts those that this process is in.
var gates atomic.Int32

// Enter is the gate without the judgement: it marks what is started until leave
// is called, and gives this process a TMPDIR of its own, which leave removes.
// Under a gate there is nothing to do, nor in the worker of a fuzzing run, which
// is killed at any time.
func Enter() (leave func(), err error) {
	if fuzzWorker() || gates.Load() > 0 {
		return func() {}, nil
	}
	return enter(rand.Text())
}

// Within is the value of [MarkEnv] for a further gate inside those of this
// process.
func Within() string { return within(rand.Text()) }

func within(mark string) string {
	if outer := os.Getenv(MarkEnv); outer != "" {
		return outer + "," + mark
	}
	return mark
}

// enter puts the mark and a private TMPDIR into the environment; restore takes
// both away again.
func enter(mark string) (restore func(), err error) {
	// Short, for the sake of the socket paths below it. Others may pass through
	// but not look, so that a test can run a program as another user.
	dir, err := os.MkdirTemp("", "mp-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	undo := []func(){setenv(MarkEnv, within(mark))}
	for _, name := range tempEnv() {
		undo = append(undo, setenv(name, dir))
	}
	return func() {
		for _, f := range undo {
			f()
		}
		os.RemoveAll(dir) //nolint:errcheck // what can't be removed has just been reported
	}, nil
}

// tempEnv names the variables that os.TempDir obeys.
func tempEnv() []string {
	if runtime.GOOS == "windows" {
		return []string{"TMP", "TEMP"}
	}
	return []string{"TMPDIR"}
}

func setenv(name, value string) (undo func()) {
	old, had := os.LookupEnv(name)
	os.Setenv(name, value) //nolint:errcheck // fails for malformed names only
	return func() {
		if had {
			os.Setenv(name, old) //nolint:errcheck // as above
		} else {
			os.Unsetenv(name) //nolint:errcheck // as above
		}
	}
}
