//go:build unix

package pool_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/multiproctest"
	"multiproc/pool"
)

// Pains 7, 8, 9, rows 182, 187, 223, 235: Close needs no worker's help, may come
// from anywhere, any number of times, and everything after it is ErrClosed.
func TestCloseFromEverywhere(t *testing.T) { // not parallel, for CheckLeaks
	for name, from := range map[string]func(t *testing.T, p *pool.Pool[job, done]){
		"idle": func(*testing.T, *pool.Pool[job, done]) {},
		"loop": func(t *testing.T, p *pool.Pool[job, done]) {
			last := error(nil)
			for _, r := range p.Map(net(t), slices.Values(make([]job, 10_000))) { // more than is looked ahead
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if last = r.Err; last != nil && !errors.Is(last, pool.ErrClosed) {
					t.Error(last)
				}
			}
			if !errors.Is(last, pool.ErrClosed) {
				t.Errorf("the loop ended with %v", last)
			}
		},
		"iterator": func(t *testing.T, p *pool.Pool[job, done]) {
			for _, r := range p.Map(net(t), func(yield func(job) bool) {
				for i := range 100 {
					if i == 50 {
						p.Close()
					}
					if !yield(job{}) {
						return
					}
				}
			}) {
				if r.Err != nil && !errors.Is(r.Err, pool.ErrClosed) {
					t.Error(r.Err)
				}
			}
		},
		"beside tasks": func(t *testing.T, p *pool.Pool[job, done]) {
			var callers sync.WaitGroup
			for range 6 { // three of them wait for a worker
				callers.Go(func() {
					if _, err := p.Call(net(t), job{Sleep: time.Hour, Deaf: true}); !errors.Is(err, pool.ErrClosed) {
						t.Error(err)
					}
				})
			}
			eventually(t, "all are there", func() bool { s := p.Stats(); return s.Busy == 3 && s.Queued == 3 })
			for range 3 {
				callers.Go(func() {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			callers.Wait()
		},
		"beside starts": func(t *testing.T, p *pool.Pool[job, done]) {
			var callers sync.WaitGroup
			for range 3 {
				callers.Go(func() {
					if _, err := p.Call(net(t), job{}); err != nil && !errors.Is(err, pool.ErrClosed) {
						t.Error(err)
					}
				})
			}
			p.Close()
			callers.Wait()
		},
		"stopped worker": func(t *testing.T, p *pool.Pool[job, done]) { // row 223
			q := newPool(t, explode.With(multiproc.Options{Grace: slowToKill}), pool.Options{Grace: time.Hour})
			ended := make(chan error)
			go func() { _, err := q.Call(net(t), fuse{bomb{"run", "stop"}}); ended <- err }()
			eventually(t, "it is at work", func() bool { return q.Stats().Busy == 1 })
			if err := q.Close(); err != nil {
				t.Error(err)
			}
			if err := <-ended; !errors.Is(err, pool.ErrClosed) {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			multiproctest.CheckLeaks(t)
			p := newPool(t, patient, pool.Options{Workers: 3, Grace: time.Hour})
			within(func() {
				from(t, p)
				for range 2 {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
				}
			})
			if _, err := p.Call(net(t), job{}); !errors.Is(err, pool.ErrClosed) {
				t.Errorf("Call after Close: %v", err)
			}
			n := 0
			for _, r := range p.Map(net(t), slices.Values(make([]job, 5))) {
				if n++; !errors.Is(r.Err, pool.ErrClosed) {
					t.Errorf("Map after Close: %v", r.Err)
				}
			}
			if err := p.Resize(3); !errors.Is(err, pool.ErrClosed) || n != 1 {
				t.Errorf("Resize after Close: %v; %d results", err, n)
			}
			if err := p.Shutdown(net(t)); err != nil {
				t.Errorf("Shutdown after Close: %v", err)
			}
		})
	}
}

// Rows 233, 234, 237, 238, pain 17: Shutdown waits for what was accepted, and for
// nothing else; from inside a loop too.
func TestShutdown(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 2})
	hold := filepath.Join(t.TempDir(), "go")
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			if _, err := p.Call(net(t), job{Await: hold}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all are there", func() bool { s := p.Stats(); return s.Busy+s.Queued == 4 })
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Shutdown(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown of a pool at work: %v", err)
	}
	if _, err := p.Call(net(t), job{}); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("a task after Shutdown: %v", err)
	}
	if _, err := doJob(t.Context(), job{Touch: hold}); err != nil {
		t.Fatal(err)
	}
	if err := p.Shutdown(net(t)); err != nil {
		t.Error(err)
	}
	callers.Wait()
	if s := p.Stats(); s.Workers > 0 || s.Ended.Died > 0 || s.Ended.Cancelled > 0 {
		t.Errorf("workers did not leave in order: %+v", s)
	}
}

func TestShutdownInALoop(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		p := newPool(t, work, pool.Options{Workers: 2, Buffer: 10})
		stream := p.MapUnordered
		if ordered {
			stream = p.Map
		}
		good, last := 0, 0
		for j, r := range stream(net(t), func(yield func(job) bool) {
			for i := 1; yield(job{N: i}); i++ {
			}
		}) {
			switch {
			case r.Err == nil && last == 0:
				good++
			case errors.Is(r.Err, pool.ErrClosed) && j.N == 0:
				last++
			default:
				t.Errorf("%+v: %v", j, r.Err)
			}
			if good == 3 {
				if err := p.Shutdown(net(t)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if good < 3 || last != 1 {
			t.Errorf("%d results, %d ends", good, last)
		}
	}
}

// Row 177: the end of a caller's ctx ends his waiting at once, whatever the task
// does; one that heeds its ctx keeps its worker, one that does not loses it.
func TestCallCancelled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		deaf  bool
		grace time.Duration
	}{{false, time.Hour}, {true, 100 * time.Millisecond}, {true, time.Hour}} {
		p := newPool(t, work, pool.Options{Workers: 1, Grace: c.grace})
		before, err := p.Call(net(t), job{})
		if err != nil {
			t.Fatal(err)
		}
		begun := filepath.Join(t.TempDir(), "begun")
		ctx, cancel := context.WithCancel(net(t))
		go func() {
			defer cancel()
			_, _ = doJob(ctx, job{Await: begun})
		}()
		within(func() { _, err = p.Call(ctx, job{Touch: begun, Sleep: time.Hour, Deaf: c.deaf}) })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if c.deaf && c.grace == time.Hour {
			if s := p.Stats(); s.Busy != 1 {
				t.Errorf("its worker can't have returned: %+v", s)
			}
			continue
		}
		after, err := p.Call(net(t), job{})
		if err != nil || (after.PID == before.PID) == c.deaf {
			t.Errorf("%+v: worker %d, then %d, %v", c, before.PID, after.PID, err)
		}
		if s := p.Stats(); s.Ended.Cancelled > 0 != c.deaf || s.Ended.Died > 0 {
			t.Errorf("%+v", s)
		}

		// One that waits for a worker.
		hold := filepath.Join(t.TempDir(), "go")
		first := make(chan error)
		go func() { _, err := p.Call(net(t), job{Await: hold}); first <- err }()
		eventually(t, "the worker is busy", func() bool { return p.Stats().Busy == 1 })
		ctx, cancel = context.WithCancel(net(t))
		waits := make(chan error)
		go func() { _, err := p.Call(ctx, job{Touch: hold}); waits <- err }()
		eventually(t, "one waits", func() bool { return p.Stats().Queued == 1 })
		cancel()
		if err := <-waits; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, err := doJob(t.Context(), job{Touch: hold}); err != nil {
			t.Fatal(err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
	}
}

// Pain 15, row 225: large data in both directions, a worker that dies in the
// middle of it, and Close: nobody is stuck in a write.
func TestLargeDataAndDeath(t *testing.T) {
	t.Parallel()
	p := newPool(t, large, pool.Options{Workers: 2, ChunkSize: 8})
	jobs := make([]largeJob, 60)
	for i := range jobs {
		jobs[i] = largeJob{Data: make([]byte, 1<<20), Kill: i == 20}
		jobs[i].Data[0] = byte(i)
	}
	i := 0
	for _, r := range p.Map(net(t), slices.Values(jobs)) {
		if (r.Err != nil) != (i == 20) || r.Err == nil && (len(r.Value) != 1<<20 || r.Value[0] != byte(i)) {
			t.Errorf("item %d: %d bytes, %v", i, len(r.Value), r.Err)
		}
		if i++; i == 40 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			break
		}
	}
}

type largeJob struct {
	Data []byte
	Kill bool
}

var large = multiproc.NewFunc("large", func(ctx context.Context, j largeJob) ([]byte, error) {
	if j.Kill {
		return nil, hurt(ctx, "kill")
	}
	return j.Data, nil
})

// A worker that reads nothing: who has much for it waits no longer than his ctx.
func TestStoppedWorkerAndLargeArgument(t *testing.T) {
	t.Parallel()
	p := newPool(t, large.With(multiproc.Options{Name: "stopped"}), pool.Options{Workers: 1, Grace: -1})
	if _, err := p.Call(net(t), largeJob{}); err != nil {
		t.Fatal(err)
	}
	for _, w := range workersOf() {
		if w.Name() == "stopped" {
			if err := w.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithCancel(net(t))
	var leaving sync.WaitGroup
	leaving.Go(func() {
		defer cancel()
		eventually(t, "the worker is leased", func() bool { return p.Stats().Busy == 1 })
		time.Sleep(100 * time.Millisecond) // it is in the write most likely; the promise does not depend on that
	})
	if _, err := p.Call(ctx, largeJob{Data: make([]byte, 8<<20)}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	leaving.Wait()
	if _, err := p.Call(net(t), largeJob{}); err != nil {
		t.Error(err)
	}
}

// Pain 10, rows 188, 236: a pool that nobody has any more ends.
func TestForgottenPool(t *testing.T) { // not parallel, for CheckLeaks
	multiproctest.CheckLeaks(t)
	func() {
		p, err := pool.New(square, pool.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Call(net(t), 1); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "its workers have ended", func() bool { runtime.GC(); return len(workersOf()) == 0 })
}

// Row 226: many callers at once.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{Workers: 2})
	var callers sync.WaitGroup
	for i := range 2000 {
		callers.Go(func() {
			if got, err := p.Call(net(t), i); err != nil || got != i*i {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
	callers.Wait()
}
