package pool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"multiproc"
	"multiproc/internal/codec"
	"multiproc/mplog"
)

// A Pool runs one function in worker processes. Its methods are safe for
// concurrent use, and may be called from anywhere: from the functions that
// iterate over its results, from Progress, from other tasks.
type Pool[A, R any] struct {
	core        *core
	name        string
	arg, result *codec.Plan
}

// New returns a pool of workers that run f [Pool]. How they are started is what
// [multiproc.Func.With] said; they are daemons in any case. No worker is started
// before there is work.
//
// The error is about opts, or about options of f that a worker can't have
// (Detached). Whatever prevents workers from starting is told to those who have
// tasks for them.
//
// A Pool holds processes: [Pool.Close] it. One that is forgotten is closed when
// it is garbage, which is logged, and at the latest when the program exits.
func New[A, R any](f *multiproc.Func[A, R], opts Options) (*Pool[A, R], error) {
	if f == nil {
		return nil, errors.New("pool: New of a nil function")
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	opts.setDefaults()
	c, err := newCore(f, opts)
	if err != nil {
		return nil, err
	}
	p := &Pool[A, R]{core: c, name: f.Name()}
	p.arg, _ = codec.PlanFor(reflect.TypeFor[A]()) // NewFunc has refused what has none
	p.result, _ = codec.PlanFor(reflect.TypeFor[R]())
	runtime.AddCleanup(p, func(c *core) { go c.forgotten() }, c)
	return p, nil
}

// Call runs the function on arg in a worker, and returns its result [apply].
//
// ctx bounds all of it: when it ends Call returns at once with its error, and
// what has begun is told to end; its deadline is that of the function's ctx.
//
// Errors are those of [multiproc.Child.Result] for what the function did:
// *[multiproc.RemoteError], *[multiproc.PanicError], [multiproc.ErrGoexit],
// [multiproc.ErrCodec]; a *[TaskError] for a worker that died and for a task that
// took too long; [ErrClosed]; and what keeps workers from starting.
func (p *Pool[A, R]) Call(ctx context.Context, arg A) (R, error) {
	var result R
	err := p.core.call(ctx, func(buf []byte) ([]byte, error) { return p.encode(buf, &arg) },
		func(data []byte) error { return p.decode(data, &result) })
	runtime.KeepAlive(p)
	return result, err
}

func (p *Pool[A, R]) encode(buf []byte, arg *A) ([]byte, error) {
	data, err := p.arg.Append(buf, arg)
	if err != nil {
		return nil, crossing(p.name, "encode the argument", err)
	}
	return data, nil
}

func (p *Pool[A, R]) decode(data []byte, result *R) error {
	if err := p.result.Decode(data, result); err != nil {
		return crossing(p.name, "decode the result", err)
	}
	return nil
}

func crossing(name, direction string, err error) error {
	return fmt.Errorf("%w: %s: %s: %w", multiproc.ErrCodec, name, direction, err)
}

// Resize sets how many workers there are at most, Options.Workers. Those that are
// too many end when they have finished what they do. An n that Options.Workers
// can't be is an error, and ErrClosed is that of a closed pool.
func (p *Pool[A, R]) Resize(n int) error {
	if n < 1 || n > maxWorkers {
		return fmt.Errorf("pool: Resize to %d workers: there must be one at least, and %d at most", n, maxWorkers)
	}
	return p.core.resize(n)
}

// Stats returns what the pool does and has done.
func (p *Pool[A, R]) Stats() Stats { return p.core.stats() }

// Shutdown closes the pool in order [close, join]: no new tasks are taken, those
// that were accepted are finished, and the workers leave as processes do at their
// exit, finalizers and all. A Map that is under way takes no more items: what it
// has taken comes out, and then ErrClosed.
//
// It returns nil when the last worker has ended. When ctx ends first it returns
// ctx's error, and the pool goes on shutting down; Close cuts that short.
func (p *Pool[A, R]) Shutdown(ctx context.Context) error {
	err := p.core.shutdown(ctx)
	runtime.KeepAlive(p)
	return err
}

// Close ends the pool at once [terminate]: its workers are killed, and what they
// were doing fails with ErrClosed. It needs nobody's help, and returns when they
// have ended. Closing again does nothing.
//
// The error names workers that could not be killed within seconds: a process
// that hangs in the kernel can't be.
func (p *Pool[A, R]) Close() error {
	err := p.core.close()
	runtime.KeepAlive(p)
	return err
}

// forgotten closes a pool that nobody can use any more.
func (p *core) forgotten() {
	if p.refuse(closed) == closed {
		return
	}
	mplog.Warning("a pool was dropped without Close", mplog.EventKey, "pool-forgotten", "func", p.name)
	_ = p.end()
}

// unkillable is how long the end of a killed process is awaited.
const unkillable = 5 * time.Second
