package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"multiproc/internal/boot"
	"multiproc/internal/remote"
	"multiproc/internal/seam"
	"multiproc/internal/sys"
	"multiproc/internal/wire"
	"multiproc/mplog"
)

// live is the life of a child. It does not return.
func (c *childhood) live() {
	if c.err != nil {
		c.stillborn()
	}
	if r := c.record.Load(); r.Tracker > 0 {
		beTracker(r)
	}
	initialize()
	ctx, cancel := context.WithCancelCause(context.Background())
	exit.wish = newStop(cancel, func() { exit.leave(1) })
	notice(c.signalled)
	c.adoptLog()
	preloadErr := c.preload(ctx)
	if c.record.Load().Spare {
		c.awaitIdentity(preloadErr)
	}
	ctx = c.withDeadline(ctx)
	arg, argErr := wire.ReadFrame(c.in, wire.MaxFrame)
	if c.err = c.poll(); c.err != nil {
		c.stillborn()
	}
	c.grown.Store(true)
	go c.listen()
	if seam.RunAfterFork != nil { // a program that does not link afterfork has no hooks
		seam.RunAfterFork()
	}
	if argErr != nil || arg.Kind != wire.Arg {
		argErr = &crossing{fmt.Errorf("%w: the argument did not arrive: %w", ErrProtocol, argErr)}
	}
	if argErr == nil && preloadErr != nil {
		argErr = preloadErr
	}
	c.work(ctx, arg.Payload, argErr)
}

func (c *childhood) adoptLog() {
	if log := c.record.Load().Log; log.On {
		seam.LogAdopt(log, func(record []byte) error { return c.frames.Write(wire.Log, record) })
	}
}

// stillborn ends a process that was started as a child and can't be one: it
// must not run the program's main.
func (c *childhood) stillborn() {
	if !errors.Is(c.err, boot.ErrOrphan) {
		fmt.Fprintf(os.Stderr, "multiproc: this process was started as a child: %v\n", c.err)
	}
	os.Exit(1) //nolint:forbidigo // there is nothing to leave in order
}

func (c *childhood) withDeadline(ctx context.Context) context.Context {
	if deadline := c.record.Load().Deadline; deadline != 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, time.Unix(0, deadline))
		context.AfterFunc(ctx, stop)
	}
	return ctx
}

// signalled handles a signal from outside. SIGINT is the parent's, which hears
// it too when it comes from a terminal: caught and dropped, since a signal that
// is ignored would be so in every program that the child starts.
func (c *childhood) signalled(sig syscall.Signal) {
	if sig == syscall.SIGINT {
		return
	}
	if c.waiting.CompareAndSwap(true, false) {
		exit.leave(0)
	}
	exit.wish.signalled(func() bool { return sys.Readable(c.fd) })
	exit.wish.within(ErrTerminated, sig, c.record.Load().Grace)
}

// listen hears what the parent has to say, and its death.
func (c *childhood) listen() {
	for {
		frame, err := wire.ReadFrame(c.in, maxRecord)
		if err != nil {
			parent.life.finish(ExitStatus{Lost: true, Code: -1}, "", nil)
			close(parent.life.settled)
			if r := c.record.Load(); !r.Detached {
				exit.wish.within(ErrOrphaned, syscall.SIGTERM, r.Grace)
			}
			return
		}
		if frame.Kind != wire.Terminate {
			continue
		}
		in := wire.Parse(frame.Payload)
		deadline := time.Duration(in.Int())
		if in.Err() == nil {
			exit.wish.within(ErrTerminated, syscall.SIGTERM, deadline-sys.Monotonic())
		}
	}
}

// work runs the function on the main goroutine, reports, and leaves.
func (c *childhood) work(ctx context.Context, arg []byte, err error) {
	code := 1
	defer func() { // also after a panic, and in Goexit
		exit.leave(code)
		select {} // somebody else leaves already
	}()
	var result []byte
	if err == nil {
		result, err = c.call(ctx, arg)
	}
	switch {
	case err != nil:
		c.fail(failureFrom(err))
	default:
		code = 0
		_ = c.frames.Write(wire.Result, result) // a parent that is gone needs none
	}
}

// call calls the function, and reports itself what is no return of it.
func (c *childhood) call(ctx context.Context, arg []byte) (result []byte, err error) {
	run, err := c.find()
	if err != nil {
		return nil, err
	}
	if mplog.Enabled(mplog.LevelInfo) {
		mplog.Info("child process calling the function", mplog.EventKey, "child-run", "func", c.record.Load().Func)
	}
	err = contained(func() error {
		result, err = run(ctx, arg, nil)
		return err
	}, func() {
		if !IsExiting() { // Exit ends its goroutine in the same way
			c.fail(remote.FromGoexit())
		}
	})
	return result, err
}

// contained turns a panic of run into an error, and calls onGoexit if run ends
// its goroutine.
func contained(run func() error, onGoexit func()) (err error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{remote.FromPanic(v, debug.Stack())}
		} else if !returned {
			onGoexit()
		}
	}()
	err = run()
	returned = true
	return err
}

// panicked is a panic on its way to becoming a PanicError.
type panicked struct{ failure remote.Failure }

func (p *panicked) Error() string { return p.failure.Text }

// find looks the function up, in a binary that must be the parent's.
func (c *childhood) find() (runner, error) {
	r := c.record.Load()
	run, err := funcs.find(r.Func)
	switch {
	case err != nil: // first: it says more, and nothing else would ever say it
		return nil, &crossing{err}
	case r.Build != funcs.fingerprint():
		return nil, &crossing{fmt.Errorf("%w: other functions are registered", ErrOtherBuild)}
	}
	return run, nil
}

func (c *childhood) fail(f remote.Failure) { _ = c.frames.Write(wire.Failure, f.Encode()) } // as for a result
