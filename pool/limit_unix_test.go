//go:build unix

package pool_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

func procs() int { return runtime.GOMAXPROCS(0) }

var used []byte

func useMemory(n int) {
	if n >= 1<<30 { // at once, and without touching it
		used = make([]byte, n)
		return
	}
	for len(used) < n { // step by step, as a leak does
		part := make([]byte, 16<<20)
		for i := range part {
			part[i] = 1
		}
		used = append(used, part...)
	}
}

var quiet = multiproc.Options{Stderr: io.Discard} // crash texts are in the errors

// Pain 1 in its oldest form: a task that eats memory fails by that name, and no
// other task notices.
func TestMemoryLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only the garbage collector heeds the limit here")
	}
	for name, n := range map[string]int{"over": 400 << 20, "far over": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled && n >= 1<<30 {
				t.Skip("the race detector ends a process itself that gets no memory, with a code of its own")
			}
			t.Parallel()
			p := newPool(t, work.With(quiet), pool.Options{Workers: 2, MemoryLimit: 64 << 20, Retries: 3})
			other := make(chan error, 1)
			go func() {
				_, err := p.Call(net(t), job{Sleep: 100 * time.Millisecond})
				other <- err
			}()
			_, err := p.Call(net(t), job{Alloc: n})
			task, ok := errors.AsType[*pool.TaskError](err)
			if !ok || !errors.Is(err, pool.ErrOutOfMemory) || !strings.Contains(err.Error(), "out of memory") || task.Tries != 1 {
				t.Errorf("%T: %v", err, err)
			}
			if err := <-other; err != nil {
				t.Errorf("the other task: %v", err)
			}
			if s := p.Stats(); s.Ended.OutOfMemory != 1 {
				t.Errorf("%+v", s.Ended)
			}
			if _, err := p.Call(net(t), job{}); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("within", func(t *testing.T) {
		t.Parallel()
		p := newPool(t, work, pool.Options{Workers: 1, MemoryLimit: 256 << 20})
		if _, err := p.Call(net(t), job{Alloc: 32 << 20}); err != nil {
			t.Error(err)
		}
	})
}

// An argument that no worker can take in is nobody's but its own caller's.
func TestArgumentOverTheMemoryLimit(t *testing.T) {
	if runtime.GOOS != "linux" || raceEnabled {
		t.Skip("see TestMemoryLimit")
	}
	t.Parallel()
	p := newPool(t, echo.With(quiet), pool.Options{Workers: 2, MemoryLimit: 32 << 20, Retries: 1})
	check := func(size int, err error) {
		t.Helper()
		task, ok := errors.AsType[*pool.TaskError](err)
		if large := size > 1; large && (!ok || task.Tries > 1 || !errors.Is(err, pool.ErrOutOfMemory)) || !large && err != nil {
			t.Errorf("%d bytes: %T: %v", size, err, err)
		}
	}
	large := make([]byte, 192<<20)
	_, err := p.Call(net(t), large)
	check(len(large), err)
	for arg, r := range p.Map(net(t), slices.Values([][]byte{{1}, large, {1}, {1}})) {
		check(len(arg), r.Err)
	}
}

// The soft end of a task's time reaches its ctx, and costs no worker.
func TestTimeoutIsHeeded(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 1, TaskTimeout: 50 * time.Millisecond, Grace: time.Minute})
	before, err := p.Call(net(t), job{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Call(net(t), job{Sleep: time.Hour})
	wantTimeout(t, err)
	after, err := p.Call(net(t), job{})
	if err != nil || after.PID != before.PID {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}

// In a Map the one that takes too long fails, before it and behind it they don't.
func TestTimeoutInAMap(t *testing.T) {
	t.Parallel()
	for _, deaf := range []bool{false, true} {
		p := newPool(t, work, pool.Options{Workers: 1, ChunkSize: 10, TaskTimeout: 200 * time.Millisecond, Grace: 100 * time.Millisecond})
		jobs := make([]job, 10)
		jobs[4] = job{Sleep: time.Hour, Deaf: deaf}
		i := 0
		for _, r := range p.Map(net(t), slices.Values(jobs)) {
			if i == 4 {
				wantTimeout(t, r.Err)
			} else if r.Err != nil {
				t.Errorf("item %d: %v", i, r.Err)
			}
			i++
		}
		if s := p.Stats(); i != 10 || s.Ended.TimedOut > 0 != deaf {
			t.Errorf("%d items, %+v", i, s)
		}
	}
}

// Rows 191, 192, 227, 228.
func TestMaxTasksPerWorker(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 2, MaxTasksPerWorker: 10})
	tasks := map[int]int{}
	for _, r := range p.Map(net(t), slices.Values(make([]job, 100))) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		tasks[r.Value.PID]++
	}
	for pid, n := range tasks {
		if n > 10 {
			t.Errorf("worker %d did %d tasks", pid, n)
		}
	}
	if len(tasks) < 10 {
		t.Errorf("%d workers", len(tasks))
	}
	for range 15 {
		if _, err := p.Call(net(t), job{}); err != nil {
			t.Fatal(err)
		}
	}
	one := newPool(t, work, pool.Options{Workers: 3, MaxTasksPerWorker: 1})
	n := 0
	for _, r := range one.Map(net(t), slices.Values(make([]job, 6))) {
		if r.Err != nil {
			t.Error(r.Err)
		}
		n++
	}
	if err := one.Shutdown(net(t)); err != nil || n != 6 || one.Stats().Ended.Retired < 6 {
		t.Errorf("%v, %d items, %+v", err, n, one.Stats())
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 2, IdleTimeout: 20 * time.Millisecond})
	before, err := p.Call(net(t), job{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "no worker is left", func() bool { s := p.Stats(); return s.Workers == 0 && s.Ended.Idle == 1 })
	after, err := p.Call(net(t), job{})
	if err != nil || after.PID == before.PID {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}

// A task is begun again when its worker died under it, if it may be, and says how
// often that was.
func TestRetries(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 1, Retries: 2})
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	j := job{Append: log, Kill: true, Once: filepath.Join(dir, "once")}
	if _, err := p.Call(net(t), j); err != nil {
		t.Errorf("the second try: %v", err)
	}
	_, err := p.Call(net(t), job{Append: log, Kill: true})
	if task, ok := errors.AsType[*pool.TaskError](err); !ok || task.Tries != 3 {
		t.Errorf("%T: %v", err, err)
	}
	for _, r := range p.Map(net(t), slices.Values([]job{{Append: log, Kill: true, Once: filepath.Join(dir, "twice")}, {}, {Append: log, Kill: true}})) {
		if task, ok := errors.AsType[*pool.TaskError](r.Err); r.Err != nil && (!ok || task.Tries != 3) {
			t.Errorf("%T: %v", r.Err, r.Err)
		}
	}
	data, err := os.ReadFile(log)
	if n := strings.Count(string(data), "\n"); err != nil || n != 2+3+2+3 || p.Stats().Retried != 1+2+1+2 {
		t.Errorf("%d tries, %+v, %v", n, p.Stats(), err)
	}
}

func TestDeadlineTravels(t *testing.T) {
	t.Parallel()
	p := newPool(t, deadline, pool.Options{})
	want := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), want)
	defer cancel()
	if got, err := p.Call(ctx, struct{}{}); err != nil || got.Sub(want).Abs() > time.Millisecond {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
	if got, err := p.Call(t.Context(), struct{}{}); err != nil || !got.IsZero() {
		t.Errorf("%v without a deadline, %v", got, err)
	}
}

var deadline = multiproc.NewFunc("deadline", func(ctx context.Context, _ struct{}) (time.Time, error) {
	d, _ := ctx.Deadline()
	return d, nil
})

// N workers have as many processors as this process, unless the user says so.
func TestProcs(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 64} {
		p := newPool(t, work, pool.Options{Workers: n})
		if got, err := p.Call(net(t), job{}); err != nil || got.Procs != max(1, procs()/n) {
			t.Errorf("%d workers have GOMAXPROCS %d each, %v", n, got.Procs, err)
		}
	}
	p := newPool(t, work.With(multiproc.Options{Env: append(os.Environ(), "GOMAXPROCS=3", "POOL_TEST=its own")}), pool.Options{})
	if got, err := p.Call(net(t), job{}); err != nil || got.Procs != 3 || got.Env != "its own" {
		t.Errorf("%+v, %v", got, err)
	}
}
