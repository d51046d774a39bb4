//go:build unix

package pool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"multiproc/pool"
)

// jobs yields the same again and again.
func jobs(n int, j job) func(func(job) bool) {
	return func(yield func(job) bool) {
		for range n {
			if !yield(j) {
				return
			}
		}
	}
}

// Resize is for Maps that are under way, too.
func TestResizeUnderAMap(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 2})
	n, few := 0, 0
	for range p.MapUnordered(net(t), jobs(10_000, job{Sleep: 5 * time.Millisecond})) {
		n++
		switch busy := p.Stats().Busy; {
		case n == 10:
			if err := p.Resize(8); err != nil {
				t.Error(err)
			}
		case few == 0 && busy == 8:
			few = n
			if err := p.Resize(1); err != nil {
				t.Error(err)
			}
		case few > 0 && busy == 1:
			return
		}
	}
	t.Errorf("of %d items it had eight workers at %d, and never one", n, few)
}

// Buffer is exact: the iterator gives one more, and waits with it.
func TestBufferIsExact(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{1, 4, 100} {
		p := newPool(t, square, pool.Options{Workers: 2, Buffer: buffer})
		var taken atomic.Int64
		got, most := 0, int64(0)
		for range p.Map(net(t), func(yield func(int) bool) {
			for i := range 3*buffer + 10 {
				taken.Add(1)
				if !yield(i) {
					return
				}
			}
		}) {
			time.Sleep(time.Millisecond) // for who would take too many
			got++
			most = max(most, taken.Load()-int64(got))
		}
		if most > int64(buffer)+1 {
			t.Errorf("Buffer %d: %d were taken", buffer, most)
		}
	}
}

// An iterator that panics when it is told to stop is heard, if the loop is there.
func TestPanicAfterClose(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{Workers: 1, Buffer: 1})
	defer func() {
		if v := recover(); v != "cleanup" {
			t.Errorf("recovered %v", v)
		}
	}()
	stopped := make(chan struct{})
	for range p.Map(net(t), func(yield func(int) bool) {
		defer close(stopped)
		for yield(1) {
		}
		panic("cleanup")
	}) {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		<-stopped
	}
}

// A pool whose process is short of descriptors waits by other means.
func TestShortOfDescriptors(t *testing.T) { // not parallel, for it is the process that is short
	p := newPool(t, work, pool.Options{Workers: 1})
	if _, err := p.Call(net(t), job{}); err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 3
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err := p.Call(net(t), job{Sleep: 1500 * time.Millisecond}) // longer than a worker without a line may live
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Error(err)
	}
}

// Stats tell each outcome and each end once.
func TestStatsAreExact(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 1})
	busy := make(chan error, 1)
	go func() {
		_, err := p.Call(net(t), job{Sleep: time.Hour})
		busy <- err
	}()
	eventually(t, "it works", func() bool { return p.Stats().Busy == 1 })
	ctx, cancel := context.WithTimeout(net(t), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Call(ctx, job{}); !errors.Is(err, context.DeadlineExceeded) { // in the queue
		t.Error(err)
	}
	ctx, cancel = context.WithTimeout(net(t), 20*time.Millisecond)
	defer cancel()
	n := 0
	for range p.Map(ctx, jobs(5, job{})) {
		n++
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-busy; !errors.Is(err, pool.ErrClosed) {
		t.Error(err)
	}
	s := p.Stats()
	if s.Done != uint64(2+n) || s.Failed != s.Done || n != 5 || s.Started != 1 || s.Ended != (pool.Ended{Cancelled: 1}) {
		t.Errorf("%d items, %+v", n, s)
	}
}
