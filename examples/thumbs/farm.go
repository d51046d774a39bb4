package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"

	"multiproc"
	"multiproc/pool"
)

// thumbnail runs makeThumbnail in a worker.
var thumbnail = multiproc.NewFunc("thumbnail", makeThumbnail)

// decode gives the pictures to workers and their thumbnails to out, in order.
// Its error is the end of ctx, or that nothing can be done.
func decode(ctx context.Context, names []string, opts options, out *output) (failures []failure, err error) {
	bar := newBar(os.Stderr, len(names))
	defer bar.end()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	// What a dying worker has to say is in its error, too.
	quiet := thumbnail.With(multiproc.Options{Stderr: null})
	workers, err := pool.New(quiet, pool.Options{
		Workers: opts.workers, ChunkSize: 1, // each picture is work enough
		TaskTimeout: opts.timeout, MemoryLimit: opts.memory, Progress: bar.update,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, workers.Close()) }()
	for j, r := range workers.Map(ctx, jobs(names, opts)) {
		if ctx.Err() != nil {
			break
		}
		if r.Err != nil {
			failures = append(failures, failure{j.path(), r.Err})
		} else if err := out.add(j.Name, r.Value); err != nil {
			return nil, err
		}
	}
	return failures, ctx.Err()
}

func jobs(names []string, opts options) iter.Seq[job] {
	harms := map[string]harm{opts.crash: crash, opts.kill: kill}
	return func(yield func(job) bool) {
		for _, name := range names {
			j := job{Dir: opts.dir, Name: name, Side: opts.side, Harm: harms[filepath.Base(name)]}
			if !yield(j) {
				return
			}
		}
	}
}
