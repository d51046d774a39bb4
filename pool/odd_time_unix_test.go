//go:build unix

package pool_test

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

const slowVar = "POOL_TEST_SLOW"

func init() { // a package that takes long to initialise
	if d, err := time.ParseDuration(os.Getenv(slowVar)); err == nil {
		time.Sleep(d)
	}
}

// Who leaves while his worker starts does not end it: the next one has it.
func TestCallersWhoLeaveBeforeTheStart(t *testing.T) {
	t.Parallel()
	slow := work.With(multiproc.Options{Env: append(os.Environ(), slowVar+"=2s")})
	p := newPool(t, slow, pool.Options{Workers: 1, Grace: 500 * time.Millisecond})
	for range 3 {
		ctx, cancel := context.WithTimeout(net(t), 20*time.Millisecond)
		if _, err := p.Call(ctx, job{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		cancel()
	}
	if _, err := p.Call(net(t), job{}); err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Started != 1 || s.Ended != (pool.Ended{}) || s.Done != 4 || s.Failed != 3 {
		t.Errorf("%+v", s)
	}
}

// The end of the caller's ctx is one error, whoever hears of it first.
func TestCallersDeadline(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 1})
	check := func(err error) {
		t.Helper()
		if _, remote := errors.AsType[*multiproc.RemoteError](err); remote || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%T: %v", err, err)
		}
	}
	for range 20 {
		ctx, cancel := context.WithTimeout(net(t), 5*time.Millisecond)
		_, err := p.Call(ctx, job{Sleep: time.Hour})
		check(err)
		for _, r := range p.Map(ctx, slices.Values([]job{{Sleep: time.Hour}})) {
			check(r.Err)
		}
		cancel()
	}
}

// A worker that somebody has told to end has died under its task: the task's ctx
// has ended, and nobody's who waits for it.
func TestTerminatedWorker(t *testing.T) {
	t.Parallel()
	for retries := range 2 {
		p := newPool(t, work, pool.Options{Workers: 1, Retries: retries})
		before, err := p.Call(net(t), job{})
		if err != nil {
			t.Fatal(err)
		}
		touched := t.TempDir() + "/touched"
		result := make(chan error, 1)
		go func() {
			_, err := p.Call(net(t), job{Touch: touched, Sleep: time.Duration(1-retries)*time.Hour + 500*time.Millisecond})
			result <- err
		}()
		awaitFile(t, touched)
		if err := syscall.Kill(before.PID, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		err = <-result
		exit, _ := errors.AsType[*multiproc.ExitError](err)
		if retries > 0 && err != nil || retries == 0 && (exit == nil || exit.Status.Signal != syscall.SIGTERM) || errors.Is(err, context.Canceled) {
			t.Errorf("%d retries: %T: %v", retries, err, err)
		}
		if s := p.Stats(); s.Retried != uint64(retries) {
			t.Errorf("%+v", s)
		}
	}
}

var lingers = multiproc.NewFunc("lingers", func(ctx context.Context, how string) (int, error) {
	if how == "count" {
		return runtime.NumGoroutine(), nil
	}
	go func() { <-ctx.Done() }()
	if how == "goexit" {
		runtime.Goexit()
	}
	return 0, nil
})

// The ctx of a task ends with it, however that ends.
func TestCtxEndsWithTheTask(t *testing.T) {
	t.Parallel()
	p := newPool(t, lingers, pool.Options{Workers: 1})
	const n = 50
	for _, how := range []string{"return", "goexit"} {
		for range n {
			if _, err := p.Call(net(t), how); (err != nil) != (how == "goexit") {
				t.Error(err)
			}
		}
		eventually(t, "no goroutine waits for the end of its task", func() bool {
			left, err := p.Call(net(t), "count")
			return err == nil && left < n/2
		})
	}
}

// The largest durations are no limits, rather than none at all.
func TestLargestLimits(t *testing.T) {
	t.Parallel()
	for _, opts := range []pool.Options{
		{TaskTimeout: math.MaxInt64},
		{TaskTimeout: time.Minute, Grace: math.MaxInt64},
		{ChunkSize: math.MaxInt, Buffer: math.MaxInt, MaxTasksPerWorker: math.MaxInt, Retries: math.MaxInt},
		{MemoryLimit: math.MaxInt64, IdleTimeout: math.MaxInt64},
		{ChunkSize: math.MaxInt},
	} {
		opts.Workers = 1
		p := newPool(t, work, opts)
		for _, r := range p.Map(net(t), slices.Values([]job{{Sleep: 50 * time.Millisecond}, {}})) {
			if r.Err != nil {
				t.Errorf("%+v: %v", opts, r.Err)
			}
		}
	}
}
