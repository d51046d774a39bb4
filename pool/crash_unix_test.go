//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

// A fault is a way in which a task may end.
type fault string

// hurt does what the name says, wherever it is called.
func hurt(ctx context.Context, f fault) error {
	switch f {
	case "panic":
		panic("hurt")
	case "panic in a goroutine":
		go panic("hurt beside")
		select {}
	case "exit 0", "exit 3":
		os.Exit(int(f[len(f)-1] - '0'))
	case "multiproc.Exit":
		multiproc.Exit(4)
	case "goexit":
		runtime.Goexit()
	case "segv":
		return errors.New(strings.Repeat("x", *nowhere)) // a panic, by SIGSEGV
	case "stack overflow":
		debug.SetMaxStack(1 << 20) // a full one of a gigabyte takes seconds
		return overflow(0)
	case "map writes":
		m := map[int]int{}
		for range 4 {
			go func() {
				for i := 0; ; i++ {
					m[i%8] = i
				}
			}()
		}
		select {}
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "abort":
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case "stop":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		select {}
	case "stuck": // deaf to its ctx
		select {}
	case "late": // not deaf
		<-ctx.Done()
		return ctx.Err()
	case "close descriptors":
		for fd := 3; fd < 64; fd++ {
			syscall.Close(fd)
		}
	case "error":
		return errOdd
	}
	return nil
}

var nowhere *int // nil

func overflow(n int) error {
	var pad [1 << 10]byte
	pad[n%len(pad)] = 1
	if n < 0 { // it never is
		return nil
	}
	return fmt.Errorf("%c: %w", pad[0], overflow(n+1))
}

// A bomb goes off at a stage of its way through a worker.
type bomb struct {
	Stage string // decode, run, encode; or encode in parent, decode in parent
	Fault fault
}

// A fuse is what a bomb is wrapped in, for its methods are what runs while
// values are encoded and decoded.
type fuse struct{ bomb bomb }

func (f fuse) at(stage string) error {
	if f.bomb.Stage == stage {
		return hurt(context.Background(), f.bomb.Fault)
	}
	return nil
}

func (f fuse) MarshalText() ([]byte, error) {
	stage := "encode in parent"
	if multiproc.IsChild() {
		stage = "encode"
	}
	if err := f.at(stage); err != nil {
		return nil, err
	}
	return []byte(f.bomb.Stage + "/" + string(f.bomb.Fault)), nil
}

func (f *fuse) UnmarshalText(text []byte) error {
	stage, name, _ := strings.Cut(string(text), "/")
	f.bomb = bomb{stage, fault(name)}
	if multiproc.IsChild() {
		return f.at("decode")
	}
	return f.at("decode in parent")
}

var explode = multiproc.NewFunc("explode", func(ctx context.Context, f fuse) (fuse, error) {
	if f.bomb.Stage == "run" {
		if err := hurt(ctx, f.bomb.Fault); err != nil {
			return f, err
		}
	}
	return f, nil
})

// What an error has to be.
type want func(t *testing.T, err error)

func wantExit(code int, sig syscall.Signal, crash string) want {
	return func(t *testing.T, err error) {
		t.Helper()
		task, ok := errors.AsType[*pool.TaskError](err)
		exit, ok2 := errors.AsType[*multiproc.ExitError](err)
		if !ok || !ok2 || task.Tries != 1 {
			t.Fatalf("%T: %v, want a TaskError of an ExitError", err, err)
		}
		if exit.Status.Code != code || exit.Status.Signal != sig || !strings.Contains(exit.Crash, crash) {
			t.Errorf("%+v, crash %q; want code %d, signal %d, %q", exit.Status, exit.Crash, code, sig, crash)
		}
		if errors.Is(err, pool.ErrTaskTimeout) || errors.Is(err, pool.ErrClosed) {
			t.Errorf("%v: with a reason that is none", err)
		}
	}
}

func wantIs(targets ...error) want {
	return func(t *testing.T, err error) {
		t.Helper()
		for _, target := range targets {
			if !errors.Is(err, target) {
				t.Errorf("%T: %v, want %v", err, err, target)
			}
		}
	}
}

func wantPanic(value string) want {
	return func(t *testing.T, err error) {
		t.Helper()
		p, ok := errors.AsType[*multiproc.PanicError](err)
		if !ok || !strings.Contains(p.Value, value) || !strings.Contains(p.Stack, "hurt") {
			t.Errorf("%T: %v, want a PanicError of %q with a stack", err, err, value)
		}
	}
}

func all(wants ...want) want {
	return func(t *testing.T, err error) {
		t.Helper()
		for _, w := range wants {
			w(t, err)
		}
	}
}

func wantTimeout(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*pool.TaskError](err); !ok {
		t.Errorf("%T: %v, want a TaskError", err, err)
	}
	wantIs(pool.ErrTaskTimeout)(t, err)
}

// crashes is the matrix: what happens, where, and what the caller gets.
var crashes = []struct {
	fault  fault
	stages string
	want   want
}{
	{"error", "run", wantIs(errOdd)},
	{"error", "decode, encode, encode in parent, decode in parent", wantIs(multiproc.ErrCodec, errOdd)},
	{"panic", "run", wantPanic("hurt")},
	{"panic", "decode, encode, encode in parent, decode in parent", wantIs(multiproc.ErrCodec)},
	{"segv", "run", wantPanic("nil pointer dereference")},
	{"segv", "decode, encode", wantIs(multiproc.ErrCodec)},
	{"goexit", "run, decode, encode", wantIs(multiproc.ErrGoexit)},
	{"exit 0", "run, decode, encode", wantExit(0, 0, "")},
	{"exit 3", "run, decode, encode", wantExit(3, 0, "")},
	{"multiproc.Exit", "run, decode, encode", wantExit(4, 0, "")},
	{"kill", "run, decode, encode", wantExit(-1, syscall.SIGKILL, "")},
	{"abort", "run, decode", wantExit(2, 0, "SIGABRT")},
	{"panic in a goroutine", "run, decode, encode", wantExit(2, 0, "hurt beside")},
	{"stack overflow", "run, decode, encode", wantExit(2, 0, "stack overflow")},
	{"map writes", "run", wantExit(2, 0, "fatal error: ")},
	{"close descriptors", "run, decode, encode", nil},
	{"late", "run", all(wantTimeout, wantIs(context.DeadlineExceeded))},
	{"stuck", "run, decode, encode", all(wantTimeout, wantExitAnyway)},
	{"stop", "run, decode, encode", all(wantTimeout, wantExitAnyway)},
}

func wantExitAnyway(t *testing.T, err error) {
	t.Helper()
	exit, ok := errors.AsType[*multiproc.ExitError](err)
	if !ok || exit.Status.Signal != syscall.SIGKILL {
		t.Errorf("%T: %v, want an ExitError of SIGKILL", err, err)
	}
}

// Rows 199–201, 210–222 and pains 1, 3, 4, 5: whatever becomes of a worker at
// whatever stage, its one task has the error that says so, at once, and the pool
// goes on.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		for stage := range strings.SplitSeq(c.stages, ", ") {
			t.Run(string(c.fault)+"/"+stage, func(t *testing.T) {
				t.Parallel()
				how := multiproc.Options{Stderr: io.Discard} // crash texts are in the errors
				if c.fault == "map writes" {
					if raceEnabled {
						t.Skip("the race detector comes first")
					}
					how.Env = append(os.Environ(), "GOMAXPROCS=4") // one alone hardly gets in its own way
				}
				f := explode.With(how)
				opts := pool.Options{Workers: 1, Grace: 50 * time.Millisecond}
				if c.fault == "late" || c.fault == "stuck" || c.fault == "stop" {
					opts.TaskTimeout = 50 * time.Millisecond
				}
				p := newPool(t, f, opts)
				ctx := net(t)
				ok := fuse{bomb{"never", "error"}}
				if opts.TaskTimeout == 0 { // a slow machine might take longer for a start
					if _, err := p.Call(ctx, ok); err != nil {
						t.Fatal(err)
					}
				}
				_, err := p.Call(ctx, fuse{bomb{stage, c.fault}})
				if ctx.Err() != nil {
					t.Fatal("it hung")
				}
				if c.want != nil {
					c.want(t, err)
				}
				if got, err := p.Call(ctx, ok); err != nil || got != ok {
					t.Errorf("the next task: %v, %v", got, err)
				}
			})
		}
	}
}

// A Map with one item of each kind among good ones: only that one fails.
func TestCrashesInAMap(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{"error", "panic", "goexit", "exit 0", "exit 3", "kill", "panic in a goroutine", "close descriptors"} {
		for _, stage := range []string{"decode", "run", "encode"} {
			t.Run(string(f)+"/"+stage, func(t *testing.T) {
				t.Parallel()
				p := newPool(t, explode.With(multiproc.Options{Stderr: io.Discard}), pool.Options{Workers: 2, ChunkSize: 16})
				const n, bad = 100, 50
				i := 0
				for arg, r := range p.Map(net(t), func(yield func(fuse) bool) {
					for i := range n {
						b := bomb{"never", "error"}
						if i == bad {
							b = bomb{stage, f}
						}
						if !yield(fuse{b}) {
							return
						}
					}
				}) {
					switch {
					case f == "close descriptors": // its own result, and a few more, may be out before
						if r.Err != nil && i < bad {
							t.Errorf("item %d: %v", i, r.Err)
						}
					case (r.Err != nil) != (i == bad) || i != bad && r.Value != arg:
						t.Errorf("item %d: %v", i, r.Err)
					}
					i++
				}
				if i != n {
					t.Errorf("%d items", i)
				}
			})
		}
	}
}
