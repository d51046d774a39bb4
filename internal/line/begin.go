package line

import (
	"context"
	"errors"
	"time"

	"multiproc/internal/sys"
)

// An ender is the ctx of a task, to be ended.
type ender interface {
	end()
	overtime(cause error) bool // it was ended by the task's limit
}

// begin returns no ctx for a task that was cancelled or taken back.
func (w *Worker) begin(ctx context.Context, deadline time.Time) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	if w.next <= w.cancelled || !w.page.claim(w.next) {
		return nil
	}
	if w.Timeout > 0 || !deadline.IsZero() {
		task := w.limited(ctx, deadline)
		ctx, w.running = task, task
	} else {
		task := &taskCtx{parent: ctx}
		ctx, w.running = task, task
	}
	w.seq = w.next
	if w.Clocked {
		w.page.words[wordSince].Store(uint64(sys.Monotonic()))
	}
	if w.results.filled > 0 {
		w.results.arm(w.flushLate)
	}
	return ctx
}

// A limitedCtx is the ctx of a task with a time limit.
type limitedCtx struct {
	context.Context
	cancel context.CancelFunc
}

func (c *limitedCtx) end() { c.cancel() }

func (c *limitedCtx) overtime(cause error) bool {
	return c.Err() != nil && cause != nil && errors.Is(context.Cause(c), cause)
}

// limited heeds what comes first, the caller's deadline or the pool's limit.
func (w *Worker) limited(ctx context.Context, deadline time.Time) *limitedCtx {
	var cause error
	if w.Timeout > 0 {
		if limit := time.Now().Add(w.Timeout); deadline.IsZero() || limit.Before(deadline) {
			deadline, cause = limit, w.Overtime
		}
	}
	ctx, cancel := context.WithDeadlineCause(ctx, deadline, cause)
	return &limitedCtx{ctx, cancel}
}
