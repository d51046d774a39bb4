//go:build unix

package pool_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"multiproc/pool"
)

// What is behind a task that takes long is done by others meanwhile, once, and is
// none of the business of the worker's death in that task.
func TestBehindASlowTask(t *testing.T) {
	t.Parallel()
	for _, opts := range []pool.Options{{ChunkSize: 64}, {ChunkSize: 64, MaxTasksPerWorker: 64}, {}} {
		opts.Workers, opts.Buffer = 2, slowJobs
		for _, deadly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,%d,%v", opts.ChunkSize, opts.MaxTasksPerWorker, deadly), func(t *testing.T) {
				t.Parallel()
				p := newPool(t, work, opts)
				for name, stream := range streams(p) {
					t.Run(name, func(t *testing.T) { testBehind(t, stream, deadly) })
				}
			})
		}
	}
}

const slowJobs = 100

// testBehind runs jobs of which one waits until all others have run.
func testBehind(
	t *testing.T, stream func(context.Context, iter.Seq[job]) iter.Seq2[job, pool.Result[done]], deadly bool,
) {
	dir := t.TempDir()
	log, others := ledger{filepath.Join(dir, "ran")}, filepath.Join(dir, "others ran")
	jobs := make([]job, slowJobs)
	for i := range jobs {
		jobs[i] = job{N: i, Append: log.path}
	}
	slow := 5
	if deadly {
		slow = 0
	}
	jobs[slow].Await, jobs[slow].Kill = others, deadly
	ended := make(chan int)
	go func() {
		out := 0
		for j, r := range stream(net(t), slices.Values(jobs)) {
			out++
			if failed := r.Err != nil; failed != (deadly && j.N == slow) {
				t.Errorf("job %d: %v", j.N, r.Err)
			}
		}
		ended <- out
	}()
	eventually(t, "the others run", func() bool { return len(log.counts(t)) == slowJobs })
	if err := os.WriteFile(others, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := <-ended; out != slowJobs {
		t.Errorf("%d came out", out)
	}
	for n, times := range log.counts(t) {
		if times != 1 {
			t.Errorf("job %d ran %d times", n, times)
		}
	}
}

// Tasks that take long, and some that kill their worker, with quick ones behind
// them: each has one outcome, and none runs twice.
func TestTakenBackAndDying(t *testing.T) {
	t.Parallel()
	p := newPool(t, work, pool.Options{Workers: 3, ChunkSize: 16, Buffer: 64})
	for name, stream := range streams(p) {
		log := ledger{filepath.Join(t.TempDir(), "ran")}
		jobs, outcomes := make([]job, 400), make([]int, 400)
		for i := range jobs {
			jobs[i] = job{N: i, Append: log.path, Kill: i%37 == 5}
			if i%10 == 5 {
				jobs[i].Sleep = 25 * time.Millisecond
			}
		}
		for j, r := range stream(net(t), slices.Values(jobs)) {
			outcomes[j.N]++
			if failed := r.Err != nil; failed != j.Kill {
				t.Errorf("%s: job %d: %v", name, j.N, r.Err)
			}
		}
		ran := log.counts(t)
		for i, n := range outcomes {
			if n != 1 || ran[i] != 1 {
				t.Errorf("%s: job %d ran %d times and has %d outcomes", name, i, ran[i], n)
			}
		}
	}
}
