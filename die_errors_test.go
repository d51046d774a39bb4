package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"multiproc"
)

var errDieBusy = errors.New("die: busy")

func init() { multiproc.RegisterErrors(errDieBusy) }

// What a function returns in the child, and whether the parent's view of it is
// as the child's.
var dieReturns = map[string]struct {
	make func() error
	same func(err error) bool
}{
	"registered":  {func() error { return fmt.Errorf("a: %w", errDieBusy) }, dieIs(errDieBusy)},
	"joined":      {func() error { return errors.Join(errors.New("x"), errDieBusy, io.EOF) }, dieIs(errDieBusy, io.EOF)},
	"canceled":    {func() error { return fmt.Errorf("b: %w", context.Canceled) }, dieIs(context.Canceled)},
	"deadline":    {func() error { return context.DeadlineExceeded }, dieIs(context.DeadlineExceeded)},
	"EOF":         {func() error { return io.EOF }, dieIs(io.EOF)},
	"ErrNotExist": {func() error { return fs.ErrNotExist }, dieIs(fs.ErrNotExist)},
	"of multiproc": {func() error { return multiproc.ErrNotChild }, func(err error) bool {
		return errors.Is(err, multiproc.ErrNotChild) && !errors.Is(err, multiproc.ErrCodec)
	}},
	"errno": {func() error { return fmt.Errorf("c: %w", syscall.EAGAIN) }, func(err error) bool {
		errno, ok := errors.AsType[syscall.Errno](err)
		return ok && errno == syscall.EAGAIN && errno.Temporary()
	}},
	"PathError": {func() error { _, err := os.Open("/nowhere/at all"); return err }, func(err error) bool {
		pe, ok := errors.AsType[*fs.PathError](err)
		return ok && pe.Op == "open" && pe.Path == "/nowhere/at all" && errors.Is(pe.Err, fs.ErrNotExist) && errors.Is(err, fs.ErrNotExist)
	}},
	"exec.Error": {func() error { _, err := exec.LookPath("no such program"); return err }, func(err error) bool {
		ee, ok := errors.AsType[*exec.Error](err)
		return ok && ee.Name == "no such program" && errors.Is(err, exec.ErrNotFound)
	}},
	"unknown": {func() error { return dieOwn{7} }, func(err error) bool {
		re, ok := errors.AsType[*multiproc.RemoteError](err)
		_, own := errors.AsType[dieOwn](err)
		return ok && !own && re.Type() == "multiproc_test.dieOwn" && len(re.Unwrap()) == 0
	}},
}

// dieOwn is an error type that nobody told multiproc of.
type dieOwn struct{ n int }

func (d dieOwn) Error() string { return fmt.Sprint("own error ", d.n) }

func dieIs(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if !errors.Is(err, target) {
				return false
			}
		}
		return !errors.Is(err, fs.ErrExist) // not whatever one asks for
	}
}

var dieReturn = multiproc.NewFunc("die-return", func(_ context.Context, name string) (int, error) {
	return 1, dieReturns[name].make()
})

// PAINS 5: an error says in the parent what it said in the child, and
// errors.Is and errors.As find what they found there.
func TestReturnedErrorsCross(t *testing.T) {
	t.Parallel()
	for _, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.InProcess} {
		for name, r := range dieReturns {
			t.Run(method.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				n, err := dieReturn.With(multiproc.Options{Method: method}).Call(t.Context(), name)
				if _, ok := errors.AsType[*multiproc.RemoteError](err); !ok || n != 0 {
					t.Fatalf("got %d, %T %v", n, err, err)
				}
				if want := r.make().Error(); err.Error() != want {
					t.Errorf("text %q, want %q", err, want)
				}
				if !r.same(err) {
					t.Errorf("Is and As don't find in %v what they found in the child", err)
				}
			})
		}
	}
}
