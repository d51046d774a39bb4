package pool_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"multiproc"
	"multiproc/multiproctest"
	"multiproc/pool"
)

// A step is a job that needs no process.
type step struct {
	N  int
	Do string
}

type place struct{ N, PID int }

// hears ends a step that is deaf.
var hears = make(chan struct{})

var errHere = errors.New("here")

func init() { multiproc.RegisterErrors(errHere) }

var walk = multiproc.NewFunc("walk", func(ctx context.Context, s step) (place, error) {
	switch s.Do {
	case "fail":
		return place{}, errHere
	case "panic":
		panic("here")
	case "goexit":
		runtime.Goexit()
	case "wait":
		<-ctx.Done()
		return place{}, context.Cause(ctx)
	case "deaf":
		<-hears
	}
	return place{s.N, os.Getpid()}, nil
})

var here = multiproc.Options{Method: multiproc.InProcess}

// Row 184: workers that are goroutines do all that needs no process.
func TestInProcess(t *testing.T) {
	t.Parallel()
	p := newPool(t, walk.With(here), pool.Options{Workers: 3, MaxTasksPerWorker: 20})
	next := 0
	for s, r := range p.Map(net(t), func(yield func(step) bool) {
		for i := range 200 {
			if !yield(step{N: i}) {
				return
			}
		}
	}) {
		if r.Err != nil || s.N != next || r.Value != (place{next, os.Getpid()}) {
			t.Fatalf("%d: %+v", next, r)
		}
		next++
	}
	if next != 200 {
		t.Errorf("%d items", next)
	}
	for do, check := range map[string]func(error) bool{
		"fail":   func(err error) bool { return errors.Is(err, errHere) },
		"goexit": func(err error) bool { return errors.Is(err, multiproc.ErrGoexit) },
		"panic": func(err error) bool {
			pe, ok := errors.AsType[*multiproc.PanicError](err)
			return ok && pe.Value == "here"
		},
	} {
		if _, err := p.Call(net(t), step{Do: do}); !check(err) {
			t.Errorf("%s: %T: %v", do, err, err)
		}
	}
	for _, r := range p.Map(net(t), slices.Values([]step{{}, {Do: "goexit"}, {}})) {
		if r.Err != nil && !errors.Is(r.Err, multiproc.ErrGoexit) {
			t.Error(r.Err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Call(ctx, step{Do: "wait"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := p.Shutdown(net(t)); err != nil {
		t.Error(err)
	}
}

// A goroutine can't be killed: it counts as dead, and another one goes on.
func TestInProcessTimeout(t *testing.T) {
	t.Parallel()
	for do, grace := range map[string]time.Duration{"wait": time.Hour, "deaf": 20 * time.Millisecond} {
		p := newPool(t, walk.With(here), pool.Options{Workers: 1, TaskTimeout: time.Second, Grace: grace})
		_, err := p.Call(net(t), step{Do: do})
		if task, ok := errors.AsType[*pool.TaskError](err); !ok || task.Tries != 1 || !errors.Is(err, pool.ErrTaskTimeout) {
			t.Errorf("%s: %T: %v", do, err, err)
		}
		if _, err := p.Call(net(t), step{}); err != nil {
			t.Error(err)
		}
		dead, want := p.Stats().Ended.TimedOut, uint64(0)
		if do == "deaf" {
			want = 1
			within(func() { hears <- struct{}{} }) // it still runs
		}
		if dead != want {
			t.Errorf("%s: %d goroutines count as dead, want %d", do, dead, want)
		}
	}
}

func TestInProcessClose(t *testing.T) {
	t.Parallel()
	p := newPool(t, walk.With(here), pool.Options{Workers: 2})
	n := 0
	for _, r := range p.Map(net(t), slices.Values(make([]step, 50))) {
		if n++; n == 3 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if r.Err != nil && !errors.Is(r.Err, pool.ErrClosed) {
			t.Error(r.Err)
		}
	}
	if _, err := p.Call(net(t), step{}); !errors.Is(err, pool.ErrClosed) {
		t.Error(err)
	}
}

// The switch of package multiproctest reaches pools too; what has no meaning
// without a process is refused then.
func TestInProcessByTheSwitch(t *testing.T) { // not parallel
	multiproctest.InProcess(t)
	p := newPool(t, walk, pool.Options{})
	if got, err := p.Call(net(t), step{N: 7}); err != nil || got != (place{7, os.Getpid()}) {
		t.Errorf("%+v, %v", got, err)
	}
	q := newPool(t, walk.With(multiproc.Options{Dir: t.TempDir()}), pool.Options{})
	if _, err := q.Call(net(t), step{}); err == nil {
		t.Error("a goroutine has a directory of its own")
	}
}
