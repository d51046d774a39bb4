package pool

import (
	"context"
	"errors"
	"fmt"

	"multiproc"
	"multiproc/internal/crew"
)

var (
	// ErrClosed is the answer after Close and Shutdown, and the outcome of tasks
	// that Close has cut short.
	ErrClosed = crew.ErrClosed

	// ErrTaskTimeout says that a task has taken longer than Options.TaskTimeout.
	// It is the cause of its ctx's end, in the worker too.
	ErrTaskTimeout = errors.New("pool: the task took too long")

	// ErrOutOfMemory says that a worker ended for want of memory: it went over
	// Options.MemoryLimit, or the kernel has killed it.
	ErrOutOfMemory = errors.New("pool: out of memory")
)

func init() { multiproc.RegisterErrors(ErrClosed, ErrTaskTimeout, ErrOutOfMemory) }

// A TaskError says that a task was cut short: the worker died under it, or its
// time was over. What the function itself did wrong is no TaskError, but the
// error that [multiproc.Child.Result] would return.
type TaskError struct {
	// Tries is how many workers have begun the task: one, and at most one more
	// for each of Options.Retries; none if they ran out of memory before that.
	Tries int

	// Err is what became of the last one: a *multiproc.ExitError where the
	// worker died, with ErrOutOfMemory or ErrTaskTimeout where that is why; or
	// ErrTaskTimeout with what the function returned when its ctx had ended.
	Err error
}

func (e *TaskError) Error() string {
	text := e.Err.Error()
	if e.Tries > 1 {
		return fmt.Sprintf("pool: task given up after %d tries: %s", e.Tries, text)
	}
	return "pool: task cut short: " + text
}

// Unwrap returns Err.
func (e *TaskError) Unwrap() error { return e.Err }

// because is an error with the reason for it, both to be found.
type because struct{ why, err error }

func (b *because) Error() string   { return b.why.Error() + ": " + b.err.Error() }
func (b *because) Unwrap() []error { return []error{b.why, b.err} }

// withReason adds why to err, if it isn't in there.
func withReason(why, err error) error {
	if errors.Is(err, why) {
		return err
	}
	return &because{why, err}
}

// ctxError is ctx's error with its cause.
func ctxError(ctx context.Context) error {
	return withReason(ctx.Err(), context.Cause(ctx))
}
