package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"multiproc"
)

// maxTries is how often a file is given to a child of its own before it is
// held to be what kills them.
const maxTries = 3

// A farm hashes files in child processes.
type farm struct {
	files    []file
	sums     []sum // of files, in their order; each child's part is its worker's
	progress *progress
	sabotage atomic.Bool // the next child is to be killed
}

// run fills f.sums, with so many children at a time. Its error is the end of
// ctx, or that children can't be had.
func (f *farm) run(ctx context.Context, workers int) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := divide(f.files, workers)
	var (
		next atomic.Int64
		wg   sync.WaitGroup
	)
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(jobs); i = int(next.Add(1)) - 1 {
				if err := f.do(inner, jobs[i], 1); err != nil {
					cancel(err) // for the others
					return
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Cause(inner)
}

// do does a job, again and in halves when its child dies, so that a file that
// kills whoever reads it takes no other with it.
func (f *farm) do(ctx context.Context, j job, try int) error {
	sums, err := f.inChild(ctx, f.batch(j))
	if err == nil {
		copy(f.sums[j.from:j.to], sums)
		f.progress.add(j.to-j.from, j.bytes)
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	died, ok := errors.AsType[*multiproc.ExitError](err)
	switch mid := (j.from + j.to) / 2; {
	case !ok:
		return err
	case mid > j.from:
		return errors.Join(
			f.do(ctx, job{j.from, mid, j.bytes / 2}, 1),
			f.do(ctx, job{mid, j.to, j.bytes - j.bytes/2}, 1))
	case try < maxTries:
		return f.do(ctx, j, try+1)
	}
	f.sums[j.from] = sum{Op: "hash", Err: died.Error()}
	f.progress.add(1, j.bytes)
	return nil
}

func (f *farm) batch(j job) batch {
	paths := make([]string, 0, j.to-j.from)
	for _, file := range f.files[j.from:j.to] {
		paths = append(paths, file.path)
	}
	return batch{Paths: paths}
}

// inChild hashes b in a new child, which has ended when inChild returns.
func (f *farm) inChild(ctx context.Context, b batch) ([]sum, error) {
	if f.sabotage.CompareAndSwap(true, false) {
		return f.kill(ctx, b)
	}
	return hash.Call(ctx, b)
}

// kill hashes b in a child that stops in the middle, says so on its standard
// output, and is killed.
func (f *farm) kill(ctx context.Context, b batch) ([]sum, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b.Stop = true
	child, err := hash.With(multiproc.Options{Stdout: w}).Start(ctx, b)
	w.Close() // the child has its own
	if err != nil {
		return nil, err
	}
	// If the child dies before it says a word, this is EOF, and as good.
	_, _ = r.Read(make([]byte, 1))
	if err := child.Kill(); err != nil {
		return nil, err
	}
	f.progress.clear()
	fmt.Fprintf(os.Stderr, "checksum: killed worker %d in the middle of its work (%d files): another will do it\n",
		child.PID(), len(b.Paths))
	sums, err := child.Result(ctx)
	return sums, errors.Join(err, child.Join(ctx))
}
