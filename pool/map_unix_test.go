//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"multiproc"
	"multiproc/multiproctest"
	"multiproc/pool"
)

// streams are both ways to run over items.
func streams[A, R any](p *pool.Pool[A, R]) map[string]func(context.Context, iter.Seq[A]) iter.Seq2[A, pool.Result[R]] {
	return map[string]func(context.Context, iter.Seq[A]) iter.Seq2[A, pool.Result[R]]{"Map": p.Map, "MapUnordered": p.MapUnordered}
}

// Rows 172, 175, 178, 181: what comes out is what went in, once each, in order
// where that was asked for, however it is cut.
func TestMapIsTheSerialLoop(t *testing.T) {
	t.Parallel()
	for _, opts := range []pool.Options{
		{Workers: 3},
		{Workers: 3, ChunkSize: 1},
		{Workers: 2, ChunkSize: 20},
		{Workers: 2, ChunkSize: 100, Buffer: 7},
		{Workers: 1, Buffer: 1},
		{Workers: 3, MaxTasksPerWorker: 50},
	} {
		p := newPool(t, square, opts)
		for name, stream := range streams(p) {
			for _, n := range []int{0, 1, 10, 100, 1000} {
				var got []int
				for arg, r := range stream(net(t), count(n)) {
					if r.Err != nil || r.Value != arg*arg {
						t.Fatalf("%s, %+v: %d: %+v", name, opts, arg, r)
					}
					got = append(got, arg)
				}
				if name == "MapUnordered" {
					slices.Sort(got)
				}
				if !slices.Equal(got, slices.Collect(count(n))) {
					t.Errorf("%s, %+v: %d items: %v", name, opts, n, got)
				}
			}
		}
	}
}

// A Map can be ranged over again, and by several at once.
func TestMapAgain(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{Workers: 2})
	m := p.Map(net(t), count(100))
	sums := make(chan int)
	for range 4 {
		go func() {
			sum := 0
			for range 2 {
				for _, r := range m {
					sum += r.Value
				}
			}
			sums <- sum
		}()
	}
	for range 4 {
		if sum := <-sums; sum != 2*328350 {
			t.Errorf("sum %d", sum)
		}
	}
}

// Pains 11, 12: an endless iterator is asked for no more than the buffer.
func TestMapIsLazy(t *testing.T) {
	t.Parallel()
	for buffer, most := range map[int]int64{5: 5, 1: 1, 0: 1 << 14} {
		p := newPool(t, square, pool.Options{Workers: 2, Buffer: buffer})
		for name, stream := range streams(p) {
			var asked atomic.Int64
			out := int64(0)
			for range stream(net(t), func(yield func(int) bool) {
				for i := 0; ; i++ {
					asked.Add(1)
					if !yield(i) {
						return
					}
				}
			}) {
				out++
				// One more than it may take waits to be taken, and what was taken
				// together may come out one by one.
				if ahead := asked.Load() - out; ahead > 2*most+1 {
					t.Fatalf("%s, buffer %d: %d ahead", name, buffer, ahead)
				}
				if out == 500 {
					break
				}
			}
		}
	}
}

// Leaving the loop ends what runs, and leaves nothing: no task begins after it,
// and the workers are free at once.
func TestBreak(t *testing.T) { // not parallel, for CheckLeaks
	multiproctest.CheckLeaks(t)
	p := newPool(t, work, pool.Options{Workers: 2, ChunkSize: 4, Grace: time.Hour})
	for name, stream := range streams(p) {
		log := ledger{filepath.Join(t.TempDir(), "ran")}
		for range stream(net(t), func(yield func(job) bool) {
			for i := 0; ; i++ {
				j := job{N: i, Append: log.path}
				if i > 0 {
					j.Sleep = time.Hour // ended by its ctx
				}
				if !yield(j) {
					return
				}
			}
		}) {
			break
		}
		began := len(log.counts(t))
		if _, err := p.Call(net(t), job{}); err != nil {
			t.Errorf("%s: is no worker free? %v", name, err)
		}
		eventually(t, "nobody works", func() bool { return p.Stats().Busy == 0 })
		if after := len(log.counts(t)); after > began+2 { // those that were about to
			t.Errorf("%s: %d tasks began after the loop", name, after-began)
		}
	}
	if s := p.Stats(); s.Ended.Cancelled > 0 {
		t.Errorf("workers were killed for tasks that heed their ctx: %+v", s)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// A panic in the loop is a way to leave it.
func TestPanicInTheLoop(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{Workers: 2})
	func() {
		defer func() {
			if v := recover(); v != "mine" {
				t.Errorf("recovered %v", v)
			}
		}()
		for range p.Map(net(t), count(1000)) {
			panic("mine")
		}
	}()
	if _, err := p.Call(net(t), 1); err != nil {
		t.Error(err)
	}
}

// When ctx ends, each item that was taken has an outcome, and the loop ends by
// itself, saying that it was cut.
func TestMapCancelled(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	for _, deaf := range []bool{false, true} {
		p := newPool(t, work, pool.Options{Workers: 2, Grace: 50 * time.Millisecond})
		for name, stream := range streams(p) {
			ctx, cancel := context.WithCancelCause(net(t))
			var out, last int
			for j, r := range stream(ctx, func(yield func(job) bool) {
				for i := 1; ; i++ {
					j := job{N: i}
					if i > 20 {
						j.Sleep, j.Deaf = time.Hour, deaf
					}
					if !yield(j) {
						return
					}
				}
			}) {
				out++
				if out == 10 {
					cancel(why)
				}
				if r.Err != nil && (!errors.Is(r.Err, why) || !errors.Is(r.Err, context.Canceled)) {
					t.Errorf("%s: %+v: %v", name, j, r.Err)
				}
				if j.N == 0 {
					last++
				}
			}
			if last != 1 || out < 11 {
				t.Errorf("%s: %d last items in %d", name, last, out)
			}
			cancel(nil)
			if _, err := p.Call(net(t), job{}); err != nil {
				t.Error(err)
			}
		}
	}
	p := newPool(t, square, pool.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for _, r := range p.Map(ctx, count(5)) {
		if n++; !errors.Is(r.Err, context.Canceled) {
			t.Error(r)
		}
	}
	if n != 1 || p.Stats().Started > 0 {
		t.Errorf("%d results of a ctx that had ended, %+v", n, p.Stats())
	}
}

// Rows 176, 179: what the iterator gave before it failed comes out, and then the
// same failure.
func TestIteratorPanics(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{Workers: 2})
	boom := errors.New("boom")
	for _, at := range []int{0, 1, 50} {
		for name, stream := range streams(p) {
			n := 0
			func() {
				defer func() {
					if err, ok := recover().(error); !ok || !errors.Is(err, boom) {
						t.Errorf("recovered %v", err)
					}
				}()
				for _, r := range stream(net(t), func(yield func(int) bool) {
					for i := range at {
						yield(i)
					}
					panic(boom)
				}) {
					if r.Err == nil {
						n++
					}
				}
			}()
			if n != at {
				t.Errorf("%s: %d of %d results before the panic", name, n, at)
			}
		}
	}
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for range p.Map(net(t), func(func(int) bool) { runtime.Goexit() }) {
		}
		ended <- true
	}()
	if <-ended {
		t.Error("Goexit in the iterator ended nothing")
	}
}

// Rows 174, 185, 211: what can't be sent is an error of its item alone; so is the
// first failure of a Map, which ends nothing.
func TestErrorsArePerItem(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 2})
	jobs := []job{{Fail: true}, {Sleep: 300 * time.Millisecond}, {Fail: true}, {}}
	i := 0
	for j, r := range p.Map(net(t), slices.Values(jobs)) {
		if errors.Is(r.Err, errOdd) != j.Fail || j != jobs[i] {
			t.Errorf("item %d: %v", i, r.Err)
		}
		i++
	}
	if i != len(jobs) {
		t.Errorf("%d items", i)
	}
}

// Row 190: twenty results in a row that can't be encoded cost no worker.
func TestUnencodableResults(t *testing.T) {
	t.Parallel()
	p := newPool(t, explode, pool.Options{Workers: 2})
	for range 20 {
		if _, err := p.Call(net(t), fuse{bomb{"encode", "error"}}); !errors.Is(err, multiproc.ErrCodec) {
			t.Error(err)
		}
	}
	if s := p.Stats(); s.Started != 1 || s.Ended != (pool.Ended{}) || s.Failed != 20 {
		t.Errorf("%+v", s)
	}
}

// Pains 14, row 186: an item is let go when it has come out.
func TestMapKeepsNothing(t *testing.T) {
	t.Parallel()
	p := newPool(t, sizeOf, pool.Options{Workers: 2, Buffer: 4})
	var alive atomic.Int64
	for arg, r := range p.Map(net(t), func(yield func(*[]byte) bool) {
		for range 200 {
			b := make([]byte, 256<<10)
			alive.Add(1)
			runtime.AddCleanup(&b, func(int) { alive.Add(-1) }, 0)
			if !yield(&b) {
				return
			}
		}
	}) {
		if r.Err != nil || r.Value != len(*arg) {
			t.Fatal(r)
		}
	}
	eventually(t, "nothing is kept", func() bool { runtime.GC(); return alive.Load() < 4 })
}

var sizeOf = multiproc.NewFunc("sizeOf", func(_ context.Context, b *[]byte) (int, error) { return len(*b), nil })

// Progress counts, says when the total is known, and may call anything.
func TestProgress(t *testing.T) {
	t.Parallel()
	var all []pool.Progress
	var p *pool.Pool[job, done]
	p = newPool(t, work, pool.Options{Workers: 2, Progress: func(g pool.Progress) {
		all = append(all, g)
		if _, err := p.Call(net(t), job{}); err != nil {
			t.Error(err)
		}
	}})
	jobs := make([]job, 30)
	jobs[10].Fail = true
	jobs[20].Sleep = 300 * time.Millisecond
	for range p.Map(net(t), slices.Values(jobs)) {
	}
	last := all[len(all)-1]
	if len(all) < 3 || all[0].Done != 1 || last.Done != 30 || last.Failed != 1 || last.Taken != 30 || last.Total != 30 ||
		last.Rate <= 0 || last.Elapsed < 300*time.Millisecond {
		t.Errorf("%+v", all)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Done < all[i-1].Done || all[i].Taken < all[i].Done {
			t.Errorf("%+v", all)
		}
	}
}

// A Call does not wait for the end of a Map that has all the workers.
func TestCallBesideAMap(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 1, Buffer: 100})
	ctx, cancel := context.WithCancel(net(t))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range p.Map(ctx, func(yield func(job) bool) {
			for yield(job{Sleep: time.Millisecond}) {
			}
		}) {
		}
	}()
	eventually(t, "the Map is under way", func() bool { return p.Stats().Done > 5 })
	for range 20 {
		if _, err := p.Call(net(t), job{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
}

// Pools in workers: a task may have one of its own.
func TestNestedPools(t *testing.T) {
	t.Parallel()
	p := newPool(t, nested, pool.Options{Workers: 2})
	for n, r := range p.Map(net(t), count(4)) {
		if want := fmt.Sprint((n - 1) * n * (2*n - 1) / 6); r.Err != nil || r.Value != want {
			t.Errorf("%d: %+v, want %s", n, r, want)
		}
	}
}

var nested = multiproc.NewFunc("nested", func(ctx context.Context, n int) (string, error) {
	p, err := pool.New(square, pool.Options{Workers: 2})
	if err != nil {
		return "", err
	}
	defer p.Close()
	sum := 0
	for _, r := range p.Map(ctx, count(n)) {
		if r.Err != nil {
			return "", r.Err
		}
		sum += r.Value
	}
	return fmt.Sprint(sum), p.Shutdown(ctx)
})
