package multiproc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"multiproc/internal/remote"
	"multiproc/internal/track"
)

// Errors to branch on with [errors.Is].
var (
	// ErrNotInitialized is the answer of Start in a process in which neither
	// [Main] nor [Init] has run: its children would run the program's own main.
	ErrNotInitialized = track.ErrNotInitialized

	// ErrUnknownFunc says that the child has no function of that name: one that
	// was made elsewhere than in a package-level variable.
	ErrUnknownFunc = errors.New("multiproc: unknown function")

	// ErrOtherBuild says that other functions are registered in the child: it
	// is not the same program. On Linux, where a child is started from the
	// running binary itself, that takes functions made in one process only.
	ErrOtherBuild = errors.New("multiproc: the child is of another build")

	// ErrNotChild is the answer of calls that only a child can make.
	ErrNotChild = errors.New("multiproc: this process is nobody's child")

	// ErrCodec says that an argument or a result can't cross.
	ErrCodec = errors.New("multiproc: value can't cross")

	// ErrExiting is the answer of Start once the exit sequence has begun.
	ErrExiting = errors.New("multiproc: the process is exiting")

	// ErrGoexit says that the function ended its goroutine with
	// [runtime.Goexit], and so has neither a result nor an error.
	ErrGoexit = errors.New("multiproc: the function called runtime.Goexit")

	// ErrProtocol says that what a child sent makes no sense. Nothing of this
	// module writes such a thing.
	ErrProtocol = errors.New("multiproc: malformed message")
)

// Causes of the end of a child's context, see [context.Cause].
var (
	// ErrTerminated: the parent called Terminate or Stop, its context for the
	// child ended, or SIGTERM or SIGHUP came from outside.
	ErrTerminated = errors.New("multiproc: terminated")

	// ErrOrphaned: the parent is dead.
	ErrOrphaned = errors.New("multiproc: the parent process is gone")
)

// An ExitError says how a process ended that did not succeed. Result returns
// one where the process died before its function had returned.
type ExitError struct {
	Name   string
	PID    int
	Status ExitStatus

	// Crash is what the Go runtime of the child wrote when it died: the line
	// that says what was fatal and the stacks of the goroutines, as far as they
	// fit into 60 KiB. Empty if the child died otherwise, and elsewhere than on
	// Linux.
	Crash string

	cause     error // why this process ended it: the cause of Start's context
	returning bool  // the function had not returned
}

func (e *ExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "multiproc: %s (pid %d): %v", e.Name, e.PID, e.Status)
	if e.returning && e.Status.Code == 0 && !e.Status.Lost {
		b.WriteString(" before its function returned")
	}
	if line := fatalLine(e.Crash); line != "" {
		b.WriteString(": " + line)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// Unwrap returns the cause of the end of the context that was given to Start,
// if that is why the process ended.
func (e *ExitError) Unwrap() error { return e.cause }

// fatalLine returns the line of a crash text that says what was fatal.
func fatalLine(crash string) string {
	first := ""
	for line := range strings.Lines(crash) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return line
		}
		if first == "" && strings.HasPrefix(line, "SIG") {
			first = line
		}
	}
	return first
}

// A PanicError is the panic that ended a function.
type PanicError struct {
	Value string // what panic was called with, as the runtime would print it
	Stack string // of the goroutine that panicked, in the child
}

func (e *PanicError) Error() string { return "multiproc: panic: " + e.Value }

// A RemoteError is the error that a function returned in a child. Its text is
// the child's. Unwrap gives those errors of the child's tree that cross as
// themselves, so that [errors.Is] and [errors.As] find what they found there:
// those of [RegisterErrors], context.Canceled and DeadlineExceeded, io.EOF and
// its kin, fs.Err…, syscall.Errno, *fs.PathError, *os.LinkError,
// *os.SyscallError and *exec.Error.
type RemoteError struct {
	text  string
	kind  string
	chain []error
}

func (e *RemoteError) Error() string { return e.text }

// Type is the Go type that the error had in the child, for a log.
func (e *RemoteError) Type() string { return e.kind }

// Unwrap returns what crossed as itself, in the order of the child's tree.
func (e *RemoteError) Unwrap() []error { return e.chain }

// RegisterErrors makes errors cross from a child as themselves: what a function
// returns in a child, and errors.Is finds there, it finds in the parent too.
// It is called in an init function, so that parent and child agree. It panics
// for nil and for an error registered twice.
func RegisterErrors(sentinels ...error) { remote.RegisterErrors(sentinels...) }

func init() {
	RegisterErrors(ErrNotInitialized, ErrUnknownFunc, ErrOtherBuild, ErrNotChild, ErrCodec, ErrExiting,
		ErrGoexit, ErrProtocol, ErrTerminated, ErrOrphaned)
}

// codecError wraps what went wrong with a value on its way.
func codecError(name, direction string, err error) error {
	return fmt.Errorf("%w: %s: %s: %w", ErrCodec, name, direction, err)
}

// causeOf is the reason to give for a child whose context ended.
func causeOf(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return errors.Join(ctx.Err(), cause)
	}
	return ctx.Err()
}
