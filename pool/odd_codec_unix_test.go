//go:build unix

package pool_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

// An odd value has methods that do what it says, where it says so.
type odd string

// gate is what "block" waits for.
var gate atomic.Pointer[chan struct{}]

func (o odd) do(where string) {
	switch string(o) {
	case where + " panic":
		panic("odd")
	case where + " goexit":
		runtime.Goexit()
	case where + " block":
		<-*gate.Load()
	}
}

func (o odd) MarshalBinary() ([]byte, error) { o.do("encode"); return []byte(o), nil }

func (o *odd) UnmarshalBinary(b []byte) error { *o = odd(b); return nil }

// An oddResult does it when it arrives.
type oddResult string

func (o oddResult) MarshalBinary() ([]byte, error) { return []byte(o), nil }

func (o *oddResult) UnmarshalBinary(b []byte) error {
	*o = oddResult(b)
	odd(b).do("decode")
	return nil
}

var oddly = multiproc.NewFunc("oddly", func(_ context.Context, o odd) (oddResult, error) { return oddResult(o), nil })

// What can't be encoded is no task: nothing was begun that could take too long.
func TestEncodingFailsFirst(t *testing.T) {
	t.Parallel()
	p := newPool(t, oddly, pool.Options{Workers: 1, TaskTimeout: time.Minute})
	if _, err := p.Call(net(t), "encode panic"); !errors.Is(err, multiproc.ErrCodec) || !strings.Contains(err.Error(), "odd") {
		t.Error(err)
	}
	if _, err := p.Call(net(t), "fine"); err != nil {
		t.Error(err)
	}
}

// A method that ends the goroutine ends the Map that it worked for, and no other.
func TestGoexitInACodec(t *testing.T) {
	t.Parallel()
	for _, bad := range []odd{"encode goexit", "decode goexit"} {
		p := newPool(t, oddly, pool.Options{Workers: 2, TaskTimeout: time.Minute})
		n := 0
		for o, r := range p.Map(net(t), slices.Values([]odd{"a", bad, "b"})) {
			if n++; (r.Err != nil || o == bad) && !errors.Is(r.Err, multiproc.ErrGoexit) {
				t.Errorf("%s: %v", o, r.Err)
			}
		}
		if r, err := p.Call(net(t), "next"); r != "next" || err != nil || n != 3 {
			t.Errorf("%s: %d items; then %q, %v", bad, n, r, err)
		}
		if err := p.Shutdown(net(t)); err != nil {
			t.Error(err)
		}
	}
}

// A method that blocks holds up nobody whose ctx has ended.
func TestBlockingCodec(t *testing.T) {
	t.Parallel()
	p := newPool(t, oddly, pool.Options{Workers: 1})
	open := make(chan struct{})
	gate.Store(&open)
	t.Cleanup(func() { close(open) })
	for name, stream := range map[string]func(context.Context) []error{
		"Map": func(ctx context.Context) (errs []error) {
			for _, r := range p.Map(ctx, slices.Values([]odd{"encode block", "fine"})) {
				errs = append(errs, r.Err)
			}
			return errs
		},
		"MapUnordered": func(ctx context.Context) (errs []error) {
			for _, r := range p.MapUnordered(ctx, slices.Values([]odd{"encode block"})) {
				errs = append(errs, r.Err)
			}
			return errs
		},
	} {
		ctx, cancel := context.WithTimeout(net(t), 50*time.Millisecond)
		var errs []error
		within(func() { errs = stream(ctx) })
		cancel()
		if len(errs) == 0 {
			t.Errorf("%s: it ended without an error", name)
		}
		for _, err := range errs {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
