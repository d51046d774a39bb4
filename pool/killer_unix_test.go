//go:build unix

package pool_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

var (
	killFor  = flag.Duration("killer.for", 2*time.Second, "how long TestKiller kills workers")
	killSeed = flag.Uint64("killer.seed", 0, "its seed; zero takes one of its own")
)

// A killer kills workers at random moments, but lets them do something in between,
// however slow the machine is: there is a limit to how many may die at birth.
type killer struct {
	rng   *rand.Rand
	kills int
	done  func() uint64 // tasks
}

// workersOf lists the processes that are workers now. No other test that has
// children runs beside this one.
func workersOf() []*multiproc.Process { return multiproc.ActiveChildren() }

func (k *killer) run(t *testing.T, stop <-chan struct{}) {
	for last := uint64(0); ; {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(k.rng.Int64N(int64(killEvery)))):
		}
		if all := workersOf(); len(all) > 0 && k.done() > last+10 {
			last = k.done()
			if err := all[k.rng.IntN(len(all))].Kill(); err != nil {
				t.Error(err)
			}
			k.kills++
		}
	}
}

// ledger is the log of what ran: each task writes its number as it begins.
type ledger struct{ path string }

func (l ledger) counts(t *testing.T) map[int]int {
	t.Helper()
	data, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	ran := map[int]int{}
	for line := range bytes.Lines(data) {
		n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		ran[n]++
	}
	return ran
}

// tally is what the callers got.
type tally struct {
	mu       sync.Mutex
	outcomes map[int]int
	results  map[int]bool
	errs     map[string]int
}

func (y *tally) add(t *testing.T, n int, d done, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.outcomes[n]++
	if err == nil {
		y.results[n] = true
		if d.N != n {
			t.Errorf("task %d has the result of %d", n, d.N)
		}
		return
	}
	task, ok := errors.AsType[*pool.TaskError](err)
	exit, ok2 := errors.AsType[*multiproc.ExitError](err)
	if !ok && !ok2 || ok2 && exit.Status.Signal != 9 || ok && task.Tries != 1 {
		t.Errorf("task %d: %T: %v", n, err, err)
	}
	y.errs["died"]++
}

// lost counts the tasks that had begun when their worker died.
func (y *tally) lost() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.errs["died"]
}

// TestKiller: however often workers are killed, each task has one outcome, none
// runs twice, and what has a result has run. `make killer` does it for a minute.
func TestKiller(t *testing.T) { // not parallel: it kills every child there is
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-killer.seed=%d", seed)
	log := ledger{filepath.Join(t.TempDir(), "ran")}
	p := newPool(t, work, pool.Options{Workers: 4})
	y := &tally{outcomes: map[int]int{}, results: map[int]bool{}, errs: map[string]int{}}
	stop := make(chan struct{})
	k := &killer{rng: rand.New(rand.NewPCG(seed, 1)), done: func() uint64 {
		s := p.Stats()
		return s.Done - s.Failed
	}}
	var killing sync.WaitGroup
	killing.Go(func() { k.run(t, stop) })
	end := time.Now().Add(*killFor)
	last := end.Add(time.Minute) // on a slow machine most die while they start, which shows nothing
	more := func() bool { return time.Now().Before(end) || y.lost() == 0 && time.Now().Before(last) }
	var numbers struct {
		sync.Mutex
		n int
	}
	next := func() job {
		numbers.Lock()
		defer numbers.Unlock()
		numbers.n++
		j := job{N: numbers.n, Append: log.path}
		if numbers.n%4 == 0 {
			j.Sleep = time.Millisecond // or hardly one dies at work
		}
		return j
	}
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for more() {
				j := next()
				d, err := p.Call(context.Background(), j)
				y.add(t, j.N, d, err)
			}
		})
	}
	for _, stream := range []func(context.Context, iter.Seq[job]) iter.Seq2[job, pool.Result[done]]{p.Map, p.MapUnordered} {
		callers.Go(func() {
			for j, r := range stream(context.Background(), func(yield func(job) bool) {
				for more() && yield(next()) {
				}
			}) {
				y.add(t, j.N, r.Value, r.Err)
			}
		})
	}
	callers.Wait()
	close(stop)
	killing.Wait()
	judgeKiller(t, numbers.n, log.counts(t), y)
	t.Logf("%d kills, %d tasks, %d lost: %+v", k.kills, numbers.n, y.lost(), p.Stats())
	if k.kills == 0 || y.lost() == 0 {
		t.Error("nothing was killed at work: this shows nothing")
	}
}

func judgeKiller(t *testing.T, n int, ran map[int]int, y *tally) {
	t.Helper()
	for i := 1; i <= n; i++ {
		switch {
		case y.outcomes[i] != 1:
			t.Errorf("task %d has %d outcomes", i, y.outcomes[i])
		case ran[i] > 1:
			t.Errorf("task %d ran %d times", i, ran[i])
		case y.results[i] && ran[i] == 0:
			t.Errorf("task %d has a result and never ran", i)
		}
	}
}

// A worker that is killed with results ready and others to do: the results are
// kept, the running one fails, and the rest is done by another worker, once.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := ledger{filepath.Join(dir, "ran")}
	p := newPool(t, work, pool.Options{Workers: 1, ChunkSize: 20})
	const n, at = 20, 7
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{N: i, Append: log.path}
	}
	jobs[at].Kill = true
	i, pids := 0, map[int]int{}
	for j, r := range p.Map(net(t), func(yield func(job) bool) {
		for _, j := range jobs {
			if !yield(j) {
				return
			}
		}
	}) {
		if (r.Err != nil) != (i == at) || j.N != i || r.Err == nil && r.Value.N != i {
			t.Errorf("item %d: %+v", i, r)
		}
		pids[r.Value.PID]++
		i++
	}
	ran := log.counts(t)
	for i := range n {
		if ran[i] != 1 {
			t.Errorf("item %d ran %d times", i, ran[i])
		}
	}
	delete(pids, 0)
	if len(pids) != 2 || i != n {
		t.Errorf("%d items, by %v", i, pids)
	}
}

// Row 198, pains 2 and 6: workers that are killed while they idle, one after
// another or all at once, cost nothing.
func TestIdleWorkersKilled(t *testing.T) { // not parallel: it kills every child there is
	p := newPool(t, work, pool.Options{Workers: 2})
	for round := range 5 {
		for _, r := range p.Map(net(t), func(yield func(job) bool) {
			for i := range 20 {
				if !yield(job{N: i}) {
					return
				}
			}
		}) {
			if r.Err != nil {
				t.Fatalf("round %d: %v", round, r.Err)
			}
		}
		for _, w := range workersOf() {
			if err := w.Kill(); err != nil {
				t.Error(err)
			}
			if round%2 == 0 {
				_ = w.Join(net(t))
			}
		}
	}
	if s := p.Stats(); s.Failed > 0 || s.StartFailures > 0 {
		t.Errorf("%+v", s)
	}
}
