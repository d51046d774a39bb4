package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"multiproc"
)

// A death is a way in which a function ends without a result, and what its
// parent learns of that.
type death struct {
	name   string
	die    func() error
	remote bool // it would take an InProcess caller with it
	code   int  // of the process
	check  func(t *testing.T, err error)
}

var errDie = errors.New("die: no luck")

var deaths = []death{
	{"error", func() error { return fmt.Errorf("reading %q: %w", "x", errDie) }, false, 1, func(t *testing.T, err error) {
		t.Helper()
		re, ok := errors.AsType[*multiproc.RemoteError](err)
		if !ok || re.Error() != `reading "x": die: no luck` || re.Type() != "*fmt.wrapError" {
			t.Errorf("got %T %v", err, err)
		}
	}},
	{"panic", func() error { return diePanicking("at the disco") }, false, 1, wantPanic("at the disco")},
	{"panic with an error", func() error { return diePanicking(fmt.Errorf("wrapped: %w", io.EOF)) }, false, 1, wantPanic("wrapped: EOF")},
	{"panic of the runtime", func() error { return dieIndexing(nil) }, false, 1, func(t *testing.T, err error) {
		t.Helper()
		pe, ok := errors.AsType[*multiproc.PanicError](err)
		if !ok || !strings.Contains(pe.Value, "index out of range [3] with length 0") || !strings.Contains(pe.Stack, "multiproc_test.dieIndexing(") {
			t.Errorf("got %T %+v", err, err)
		}
	}},
	{"panic(nil)", func() error { return diePanicking(nil) }, false, 1, wantPanic(new(runtime.PanicNilError).Error())},
	{"Goexit", func() error { runtime.Goexit(); return nil }, false, 1, func(t *testing.T, err error) {
		t.Helper()
		if !errors.Is(err, multiproc.ErrGoexit) {
			t.Errorf("got %T %v, want ErrGoexit", err, err)
		}
	}},
	{"os.Exit(0)", func() error { os.Exit(0); return nil }, true, 0, wantExit(0)},
	{"os.Exit(3)", func() error { os.Exit(3); return nil }, true, 3, wantExit(3)},
	{"Exit(0)", func() error { multiproc.Exit(0); return nil }, true, 0, wantExit(0)},
	{"Exit(7)", func() error { multiproc.Exit(7); return nil }, true, 7, wantExit(7)},
	{"Exit(-1)", func() error { multiproc.Exit(-1); return nil }, true, 255, wantExit(255)},
}

//go:noinline
func diePanicking(v any) error { panic(v) }

//go:noinline
func dieIndexing(list []error) error { return list[3] }

func wantPanic(value string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		pe, ok := errors.AsType[*multiproc.PanicError](err)
		if !ok || pe.Value != value || !strings.Contains(pe.Stack, "multiproc_test.diePanicking(") {
			t.Errorf("got %T %+v, want a panic with %q in diePanicking", err, err, value)
		}
	}
}

func wantExit(code int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		ee, ok := errors.AsType[*multiproc.ExitError](err)
		if !ok || ee.Status.Code != code || !ee.Status.Ended || ee.Crash != "" ||
			strings.Contains(err.Error(), "before its function returned") != (code == 0) {
			t.Errorf("got %T %v, want exit code %d", err, err, code)
		}
	}
}

var dieFunc = multiproc.NewFunc("die", func(_ context.Context, name string) (string, error) {
	for _, d := range deaths {
		if d.name == name {
			return "", d.die()
		}
	}
	return "no such death", nil
})

// PAINS 1-6: each way to die is an error of its own, the same for all who wait.
func TestEachDeathIsItsOwnError(t *testing.T) {
	t.Parallel()
	for _, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.InProcess} {
		for _, d := range deaths {
			if d.remote && method == multiproc.InProcess {
				continue
			}
			t.Run(method.String()+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				c, err := dieFunc.With(multiproc.Options{Method: method}).Start(t.Context(), d.name)
				if err != nil {
					t.Fatal(err)
				}
				d.check(t, dieAskAll(t, c))
				if s := c.Status(); s.Code != d.code || s.Signal != 0 || !s.Ended {
					t.Errorf("status: %v, want code %d", s, d.code)
				}
				if err := c.Wait(t.Context()); (err == nil) != (d.code == 0) {
					t.Errorf("Wait = %v", err)
				}
			})
		}
	}
}

// dieAskAll has several goroutines ask for the result, some before and one
// after the end, and returns the error that they all must get.
func dieAskAll[R any](t *testing.T, c *multiproc.Child[R]) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a net
	defer cancel()
	var errs [5]error
	var wg sync.WaitGroup
	for i := range errs[1:] {
		wg.Go(func() { _, errs[1+i] = c.Result(ctx) })
	}
	if err := c.Join(ctx); err != nil {
		t.Errorf("Join: %v", err)
	}
	_, errs[0] = c.Result(ctx)
	wg.Wait()
	for _, err := range errs {
		if err == nil || err != errs[0] { //nolint:errorlint // the very same
			t.Errorf("one got %v, another %v", errs[0], err)
		}
	}
	return errs[0]
}
