//go:build unix

package pool_test

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

// A package whose initialisation may fail: with this in its environment a child
// dies before it has run anything, unless the file is gone.
const initVar = "POOL_TEST_INIT"

func init() {
	if path := os.Getenv(initVar); path != "" && multiproc.IsChild() {
		if f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err == nil {
			f.WriteString("x")
			f.Close()
			os.Exit(7)
		}
	}
}

// Rows 195, 239, 240: workers that die before they have done anything are not
// replaced without end. The callers learn why, and when it is over, all is well.
func TestFailingInit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "starts")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, square.With(multiproc.Options{Env: append(os.Environ(), initVar+"="+path)}), pool.Options{Workers: 4})
	failed := func(err error) {
		t.Helper()
		exit, ok := errors.AsType[*multiproc.ExitError](err)
		if !ok || exit.Status.Code != 7 {
			t.Errorf("%T: %v, want the ExitError of the worker", err, err)
		}
	}
	start := time.Now()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			_, err := p.Call(net(t), 1)
			failed(err)
		})
	}
	callers.Wait()
	for _, r := range p.Map(net(t), count(3)) {
		failed(r.Err)
	}
	starts, err := os.ReadFile(path)
	if n := len(starts); err != nil || n < 5 || n > 15 {
		t.Errorf("%d starts in %v, %v", n, time.Since(start), err)
	}
	if s := p.Stats(); s.StartFailures < 5 || s.StartError == nil {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it recovers", func() bool { _, err := p.Call(net(t), 1); return err == nil })
	if s := p.Stats(); s.StartFailures != 0 || s.StartError != nil {
		t.Errorf("%+v", s)
	}
}

// Row 196: when the fourth worker can't be started, the others do the work, and
// nobody learns of it but by Stats; when none can be, those who wait do.
func TestStartFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "here")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, work.With(multiproc.Options{Dir: dir}), pool.Options{Workers: 4})
	hold := filepath.Join(t.TempDir(), "go")
	var callers sync.WaitGroup
	call := func() {
		callers.Go(func() {
			if _, err := p.Call(net(t), job{Await: hold}); err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 {
		call()
	}
	eventually(t, "three work", func() bool { return p.Stats().Busy == 3 })
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	call()
	eventually(t, "a start fails", func() bool { return p.Stats().StartFailures > 0 })
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	callers.Wait()

	none := newPool(t, work.With(multiproc.Options{Dir: dir}), pool.Options{})
	_, err := none.Call(net(t), job{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "start") {
		t.Errorf("%T: %v", err, err)
	}
}

// Rows 180 and 193: what makes no sense is refused.
func TestInvalidOptions(t *testing.T) {
	t.Parallel()
	for _, opts := range []pool.Options{
		{Workers: -1},
		{ChunkSize: -1},
		{Buffer: -1},
		{MaxTasksPerWorker: -1},
		{Retries: -1},
		{TaskTimeout: -1},
		{IdleTimeout: -1},
		{MemoryLimit: -1},
	} {
		if p, err := pool.New(square, opts); p != nil || !errors.Is(err, os.ErrInvalid) || !strings.Contains(err.Error(), "negative") {
			t.Errorf("%+v: %v, %v", opts, p, err)
		}
	}
	if p, err := pool.New[int, int](nil, pool.Options{}); p != nil || err == nil {
		t.Errorf("a nil function: %v, %v", p, err)
	}
	if p, err := pool.New(square.With(multiproc.Options{Detached: true}), pool.Options{}); p != nil || err == nil {
		t.Errorf("detached workers: %v, %v", p, err)
	}
	p := newPool(t, square, pool.Options{})
	for _, n := range []int{1<<16 + 1, math.MaxInt} {
		if none, err := pool.New(square, pool.Options{Workers: n}); none != nil || err == nil || p.Resize(n) == nil {
			t.Errorf("%d workers: %v, %v", n, none, err)
		}
	}
	for _, n := range []int{0, -1} {
		if err := p.Resize(n); err == nil {
			t.Errorf("Resize(%d) works", n)
		}
	}
	bad := newPool(t, square.With(multiproc.Options{Env: []string{"x"}}), pool.Options{})
	if _, err := bad.Call(net(t), 1); err == nil || !strings.Contains(err.Error(), "Env[0]") {
		t.Errorf("a bad environment: %v", err)
	}
	if s := bad.Stats(); s.StartFailures > 0 {
		t.Errorf("a bad environment may become a good one: %+v", s)
	}
}

// Row 229: one caller needs one worker, several at once have several, and no
// more than there may be.
func TestWorkersOnDemand(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 3})
	pids := map[int]bool{}
	for range 50 {
		d, err := p.Call(net(t), job{})
		if err != nil {
			t.Fatal(err)
		}
		pids[d.PID] = true
	}
	if s := p.Stats(); len(pids) != 1 || s.Workers != 1 || s.Started != 1 {
		t.Errorf("%d workers, %+v", len(pids), s)
	}
	hold := filepath.Join(t.TempDir(), "go")
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			if _, err := p.Call(net(t), job{Await: hold}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all are at work, and the others wait", func() bool { // row 230
		s := p.Stats()
		return s.Busy == 3 && s.Queued == 7
	})
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	callers.Wait()
	if s := p.Stats(); s.Workers != 3 || s.Started != 3 || s.Wait.Count < 7 || s.Run.Count != 60 || s.Run.P99 > s.Run.Max {
		t.Errorf("%+v", s)
	}
	if err := p.Resize(1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two leave", func() bool { s := p.Stats(); return s.Workers == 1 && s.Ended.Retired == 2 })
	if err := p.Resize(2); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Map(net(t), slices.Values(make([]job, 100))) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	if s := p.Stats(); s.Workers > 2 {
		t.Errorf("%+v", s)
	}
}

// Started all at once they take the machine away from the tests of other packages,
// for many seconds under the race detector.
var alone = flag.Bool("alone", false, "no other test runs beside TestTwoHundredWorkers, which then starts all at once")

// Row 197. Unless it is alone they come in a row, eight on their way at most.
func TestTwoHundredWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 200 processes")
	}
	p := newPool(t, work, pool.Options{Workers: 200})
	hold := filepath.Join(t.TempDir(), "go")
	begun := ledger{filepath.Join(t.TempDir(), "begun")}
	sum, seen := 0, map[int]bool{}
	var once sync.Once
	ctx := net(t)
	if !*alone { // each is waited for as long
		row, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		ctx = row
	}
	for _, r := range p.MapUnordered(ctx, func(yield func(job) bool) {
		for i := range 1000 {
			if i < 200 && !*alone {
				eventually(t, "those before have begun", func() bool { return len(begun.counts(t)) > i-8 })
			}
			if i == 250 {
				once.Do(func() {
					eventually(t, "all have something to do", func() bool { return p.Stats().Busy == 200 })
					_ = os.WriteFile(hold, nil, 0o600)
				})
			}
			if !yield(job{N: i, Append: begun.path, Await: hold}) {
				return
			}
		}
	}) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		sum += r.Value.N * r.Value.N
		seen[r.Value.PID] = true
	}
	if sum != 332833500 || len(seen) != 200 {
		t.Errorf("sum %d by %d workers", sum, len(seen))
	}
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
