package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"multiproc"
)

// A crash is a way to die in which the Go runtime has the last word.
type crash struct {
	name  string
	die   func()
	fatal string   // how the line begins that says what was fatal
	has   []string // what the crash text holds besides
}

var crashes = []crash{
	{
		"nil dereference in another goroutine", func() { go dieDereferencing(nil) },
		"panic: runtime error: invalid memory address or nil pointer dereference",
		[]string{"[signal SIGSEGV: segmentation violation", "multiproc_test.dieDereferencing(", "goroutine "},
	},
	{
		"panic in another goroutine", func() { go diePanicking(errors.New("elsewhere")) },
		"panic: elsewhere",
		[]string{"multiproc_test.diePanicking(", "goroutine "},
	},
	{
		"concurrent map writes", dieWritingMaps,
		"fatal error: concurrent map ",
		[]string{"multiproc_test.dieWritingMap(", "goroutine "},
	},
	{
		"stack overflow", func() { debug.SetMaxStack(1 << 20); dieKept = append(dieKept, dieRecursing(nil)) },
		"fatal error: stack overflow",
		[]string{"goroutine stack exceeds 1048576-byte limit", "multiproc_test.dieRecursing("},
	},
	{
		"unlock of unlocked mutex", func() { new(sync.Mutex).Unlock() },
		"fatal error: sync: unlock of unlocked mutex",
		[]string{"sync.(*Mutex).unlockSlow", "goroutine 1 ["},
	},
	{
		"SIGSEGV", func() { dieBySignal(syscall.SIGSEGV) },
		"SIGSEGV: segmentation violation",
		[]string{"goroutine "},
	},
	{
		"SIGQUIT", func() { dieBySignal(syscall.SIGQUIT) },
		"SIGQUIT: quit",
		[]string{"goroutine 1 "},
	},
}

//go:noinline
func dieDereferencing(p *int) { *p = 1 }

// dieOfMemory allocates what the system refuses: no more address space than
// there is.
//
//go:noinline
func dieOfMemory() {
	none := syscall.Rlimit{}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &none); err != nil {
		panic(err)
	}
	for {
		dieKept = append(dieKept, make([]byte, 64<<20))
	}
}

var dieKept [][]byte

//go:noinline
func dieRecursing(b []byte) []byte {
	if len(b) > 1<<30 { // never
		return b
	}
	return append(dieRecursing(b), 1)
}

func dieBySignal(sig syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		panic(err)
	}
}

func dieWritingMaps() {
	runtime.GOMAXPROCS(4) // one thread would hardly ever be caught in the middle
	m := map[int]int{}
	for range 8 {
		go dieWritingMap(m)
	}
}

//go:noinline
func dieWritingMap(m map[int]int) {
	for i := 0; ; i++ {
		m[i%1000] = i
	}
}

var dieCrash = multiproc.NewFunc("die-crash", func(_ context.Context, name string) (int, error) {
	i := slices.IndexFunc(crashes, func(c crash) bool { return c.name == name })
	crashes[i].die()
	select {}
})

// PAINS 1-4: the parent reads what the runtime of the child wrote last, which
// is on the child's standard error too.
func TestCrashTextArrives(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			child, err := dieCrash.With(multiproc.Options{Stderr: &stderr, Env: dieRaceEnv()}).Start(t.Context(), c.name)
			if err != nil {
				t.Fatal(err)
			}
			ee := dieWantCrash(t, dieAskAll(t, child), c.fatal, c.has...)
			if ee.Status.Code != 2 {
				t.Errorf("status %v, want code 2", ee.Status)
			}
			// Of another goroutine the race detector may write in between.
			if !strings.Contains(stderr.String(), ee.Crash) && !strings.Contains(stderr.String(), "DATA RACE") {
				t.Errorf("standard error has not the same text:\n%s\ncrash text:\n%s", &stderr, ee.Crash)
			}
		})
	}
}

// dieRaceEnv is the environment for a child whose data races are on purpose.
func dieRaceEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GORACE=") })
	return append(env, "GORACE=halt_on_error=0 atexit_sleep_ms=0")
}

// dieWantCrash checks the crash text of an ExitError: it holds a line that
// begins with fatal, which is in the error's own text too, and what else it has
// to have, after that line but for what says it before.
func dieWantCrash(t *testing.T, err error, fatal string, has ...string) *multiproc.ExitError {
	t.Helper()
	ee, ok := errors.AsType[*multiproc.ExitError](err)
	if !ok {
		t.Fatalf("got %T %v, want an ExitError", err, err)
	}
	if !strings.HasPrefix(ee.Crash, fatal) && !strings.Contains(ee.Crash, "\n"+fatal) {
		t.Errorf("no line %q in\n%s", fatal, ee.Crash)
	}
	if !strings.Contains(err.Error(), fatal) {
		t.Errorf("the error does not say %q: %v", fatal, err)
	}
	for _, want := range has {
		if !strings.Contains(ee.Crash, want) {
			t.Errorf("no %q in\n%s", want, ee.Crash)
		}
	}
	return ee
}
