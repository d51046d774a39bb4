package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"multiproc/internal/remote"
)

// startInProcess runs a function on a goroutine, with the life of a process.
func startInProcess(ctx context.Context, name string, opts Options, arg []byte) (*Process, error) {
	run, err := funcs.find(name)
	if err != nil {
		return nil, err
	}
	p := newChild(&opts)
	p.pid = os.Getpid()
	p.failure = newFailure(p)
	inner, cancel := context.WithCancelCause(withoutValues{ctx})
	r := &routine{Process: p, cancel: cancel}
	p.act = actions{signal: r.signal, uninterrupted: true, ask: func(time.Duration) error {
		r.cancel(ErrTerminated)
		return nil
	}}
	family.add(p)
	forget := p.endWith(ctx)
	go r.run(inner, run, arg)
	go func() {
		<-p.life.ended
		forget()
		cancel(nil)
		family.settle(p)
	}()
	return p, nil
}

// withoutValues is a context whose values stay behind, as they do when a
// function runs in another process.
type withoutValues struct{ context.Context }

func (withoutValues) Value(any) any { return nil }

// A routine is a function on a goroutine that passes for a process.
type routine struct {
	*Process
	cancel context.CancelCauseFunc
}

func (r *routine) run(ctx context.Context, run runner, arg []byte) {
	status := ExitStatus{Code: 1}
	var failure remote.Failure
	defer func() {
		if status.Code != 0 {
			r.life.resolve(nil, r.decode(failure))
		}
		r.life.once.Do(func() { r.end(r.asked(status), "") })
	}()
	err := contained(func() error {
		result, err := run(ctx, arg, nil)
		if err == nil {
			status.Code = 0
			r.life.resolve(result, nil)
		}
		return err
	}, func() { failure = remote.FromGoexit() })
	if err != nil {
		failure = failureFrom(err)
	}
}

// decode sends a failure through its wire form: it is to arrive as it would
// from another process.
func (r *routine) decode(f remote.Failure) error { return failureOf(f.Encode()) }

// asked is the status of a process that was told to end: it dies of SIGTERM.
func (r *routine) asked(status ExitStatus) ExitStatus {
	if r.life.wasAsked() {
		return ExitStatus{Code: -1, Signal: syscall.SIGTERM}
	}
	return status
}

// signal does what the signal would do to a Go child. A goroutine can't be
// killed: the process counts as dead, and the goroutine goes on until it looks
// at its ctx.
func (r *routine) signal(sig syscall.Signal) error {
	if !r.Alive() {
		return os.ErrProcessDone
	}
	switch sig {
	case syscall.SIGKILL:
		r.cancel(ErrTerminated)
		r.life.once.Do(func() { r.end(ExitStatus{Code: -1, Signal: sig}, "") })
	case syscall.SIGTERM, syscall.SIGHUP:
		r.cancel(ErrTerminated)
	case syscall.SIGINT, syscall.Signal(0): // left to the parent; a probe
	default:
		return fmt.Errorf("multiproc: signal %v to an InProcess function: %w", sig, errors.ErrUnsupported)
	}
	return nil
}
