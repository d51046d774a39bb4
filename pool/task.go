package pool

import (
	"context"
	"errors"
	"io"
	"time"

	"multiproc"
	"multiproc/internal/line"
	"multiproc/internal/seam"
)

// call takes one task through as many workers as it needs.
func (p *core) call(ctx context.Context, encode encoder, into decoder) error {
	if ctx.Err() != nil {
		return ctxError(ctx)
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	var err error
	came, lease := time.Now(), p.crew.Lease
	for tries, choked := 0, 0; ; lease = p.crew.LeaseAgain { // if the worker has died
		w, ok := p.crew.TryLease()
		if !ok {
			if w, err = lease(ctx); err != nil {
				err = p.unserved(ctx, err)
				p.count.finished(err)
				return err
			}
			if !came.IsZero() {
				p.count.waited.add(time.Since(came), 1)
			}
		}
		came = time.Time{}
		began := time.Now()
		v, fate := p.attempt(ctx, w, encode, into)
		err = v.err
		switch fate {
		case unbegun:
			if choked++; !v.choked || choked < mostChoked {
				continue
			}
			err = &TaskError{Err: err}
		case lost:
			if tries++; tries <= p.opts.Retries && v.again {
				p.count.retried.Add(1)
				continue
			}
			err = &TaskError{Tries: tries, Err: err}
		case overtime:
			err = &TaskError{Tries: tries + 1, Err: err}
		}
		p.count.finished(err)
		p.count.ran.add(time.Since(began), 1)
		return err
	}
}

// unserved is the error of a task that got no worker.
func (p *core) unserved(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return ctxError(ctx)
	}
	return err
}

// A fate is what became of a task in a worker's hands.
type fate int

const (
	settled  fate = iota // it has its outcome
	overtime             // it has one, a failure after its time was over
	unbegun              // the worker is dead, and had not begun it
	lost                 // the worker has died under it
)

type verdict struct {
	err    error
	again  bool // another try is worth it, if the task bears that
	choked bool // the worker was out of memory before it began the task
}

// mostChoked is how many workers may run out of memory before they have begun a
// task. It may be the fault of the one before, but hardly of three.
const mostChoked = 3

// An encoder appends the argument, a decoder takes the result in. Both may run
// methods of the user's, which may do anything.
type (
	encoder func(buf []byte) ([]byte, error)
	decoder func(data []byte) error
)

// attempt has the worker do the task, and sees to it that the worker comes back
// to the crew.
func (p *core) attempt(ctx context.Context, w *worker, encode encoder, into decoder) (verdict, fate) {
	mopped := false
	defer func() { // also if a method of the user's ends the goroutine
		if !mopped {
			w.release()
		}
	}()
	arg, err := encode(w.line.Buffer())
	if err != nil {
		return verdict{err: err}, settled
	}
	w.begin()
	w.tasks++
	deadline, _ := ctx.Deadline()
	w.line.Put(arg, deadline)
	resume := interruptWith(ctx, w)
	o, err := w.line.Next()
	resume()
	if err == nil {
		return judge(ctx, o, into)
	}
	if ctx.Err() != nil || !w.bury(ctx) {
		mopped = true
		go w.mop()
		return verdict{err: ctxError(ctx)}, settled
	}
	if o, ok := w.line.Salvage(); ok {
		return judge(ctx, o, into)
	}
	if w.reason() == ErrClosed { //nolint:errorlint // it is set as it is
		return verdict{err: ErrClosed}, settled
	}
	if !w.line.Lost() {
		return verdict{err: w.err, choked: w.choked()}, unbegun
	}
	return w.lost(), lost
}

// begin is what a lease begins with, as release is its end.
func (w *worker) begin() {
	w.guard.begin(w)
	w.pool.sampler.begin(w)
}

// lost says what happened to the task under which the worker has died.
func (w *worker) lost() verdict {
	return verdict{err: w.err, again: w.reason() == nil && !w.choked()}
}

// choked reports whether the worker ended because of its memory limit.
func (w *worker) choked() bool {
	return w.pool.opts.MemoryLimit > 0 && errors.Is(w.err, ErrOutOfMemory)
}

// interruptWith makes the worker's line interrupt its user when ctx ends. What it
// returns takes that back.
func interruptWith(ctx context.Context, w *worker) (resume func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	interrupted := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		w.line.Interrupt()
		close(interrupted)
	})
	return func() {
		if !forget() {
			<-interrupted
			w.line.Resume()
		}
	}
}

// mop ends what the worker has begun for somebody who has left, and releases it.
func (w *worker) mop() {
	w.line.Cancel()
	defuse := w.fuse(w.pool.opts.Grace)
	var err error
	for err == nil {
		_, err = w.line.Next()
	}
	if !errors.Is(err, io.ErrNoProgress) { // there is more to come
		w.bury(context.Background())
	}
	defuse()
	w.release()
}

// fuse kills the worker after d, unless it was defused. One that has not begun
// anything may still be starting, and is given time for that.
func (w *worker) fuse(d time.Duration) (defuse func()) {
	lit, since, starting := true, time.Now(), w.line.Begun() == 0
	var t *time.Timer
	burn := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case !lit:
		case starting && time.Since(since) < startLimit:
			starting = w.line.Begun() == 0
			t.Reset(max(d, 10*time.Millisecond))
		default:
			if w.why == nil {
				w.why = context.Canceled
			}
			_ = w.proc.Kill() // under the lock, so that it can't be another task's turn
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t = time.AfterFunc(d, burn)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		lit = false
		t.Stop()
	}
}

// judge makes of an outcome what the caller gets. A result goes into its place.
func judge(ctx context.Context, o line.Outcome, into decoder) (verdict, fate) {
	switch o.Kind {
	case line.Result:
		return verdict{err: into(o.Payload)}, settled
	case line.Failure:
		err := seam.Failure(o.Payload)
		if over(ctx, err) {
			err = ctxError(ctx)
		}
		return verdict{err: err}, settled
	case line.Overtime:
		return verdict{err: withReason(ErrTaskTimeout, seam.Failure(o.Payload))}, overtime
	}
	if o.Kind == line.Skipped {
		return verdict{err: context.Canceled}, settled
	}
	return verdict{err: multiproc.ErrProtocol}, settled
}

// over reports whether ctx has ended, of which a function may have heard a moment
// sooner: what it says then is no news to the caller.
func over(ctx context.Context, failure error) bool {
	if d, ok := ctx.Deadline(); ok && errors.Is(failure, context.DeadlineExceeded) && time.Until(d) < 10*time.Millisecond {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}
