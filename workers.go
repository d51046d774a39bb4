package multiproc

import (
	"context"

	"multiproc/internal/remote"
	"multiproc/internal/seam"
)

// parts are what package pool has to know of a Func, whatever its types.
func (f *Func[A, R]) parts() (name string, opts Options) { return f.name, f.opts }

func init() {
	seam.Func = func(f any) (string, any, bool) {
		name, opts := f.(interface{ parts() (string, Options) }).parts()
		return name, opts, opts.method() == InProcess
	}
	seam.Runner = func(name string) (func(_ context.Context, arg, buf []byte) (result, failure []byte), error) {
		run, err := funcs.find(name)
		if err != nil {
			return nil, err
		}
		return run.forWorker, nil
	}
	seam.Goexit = func() []byte { return remote.FromGoexit().Encode() }
	seam.Failure = failureOf
}

// forWorker runs the function in a process that will run it again.
func (run runner) forWorker(ctx context.Context, arg, buf []byte) (result, failure []byte) {
	err := contained(func() (err error) {
		result, err = run(ctx, arg, buf)
		return err
	}, func() {})
	if err != nil {
		return nil, failureFrom(err).Encode()
	}
	return result, nil
}
