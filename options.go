package multiproc

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// A StartMethod is how a function gets a process.
type StartMethod int

const (
	// DefaultMethod is MainOptions.Method, and Spawn if that isn't set either.
	DefaultMethod StartMethod = iota

	// Spawn starts the running binary anew.
	Spawn

	// Warm hands out a process that was started before, and has been through
	// package initialisation and MainOptions.Preload [forkserver]. Where none is
	// ready, or none fits (an environment of its own, Detached), it is Spawn. See
	// [SetSpares].
	Warm

	// InProcess runs the function on a goroutine of this process, with the
	// same API and through the same codec, for debuggers and tests: CPython's
	// multiprocessing.dummy. What it can't do: have a pid and a CurrentProcess of
	// its own, or an environment, directory, files or streams (Start refuses those
	// options), be killed (its context ends, and the Process counts as killed
	// while the goroutine goes on), and survive a panic in another goroutine or
	// os.Exit.
	InProcess
)

func (m StartMethod) String() string {
	switch m {
	case DefaultMethod:
		return "DefaultMethod"
	case Spawn:
		return "Spawn"
	case Warm:
		return "Warm"
	case InProcess:
		return "InProcess"
	}
	return fmt.Sprintf("StartMethod(%d)", int(m))
}

// DefaultGrace is the Grace of zero Options.
const DefaultGrace = 5 * time.Second

// Options say how a process is started. The zero Options is ready to use;
// Start refuses contradictions, with an error that errors.Is finds os.ErrInvalid in.
type Options struct {
	// Name is the process's name, in the log and in ps. Empty means
	// Process-1, Process-2, …; a child's children are Process-1:1 and so on.
	// Names need not be unique.
	Name string

	// Daemon processes are terminated when this process exits; others are
	// waited for. It is not a Unix daemon. Unlike CPython's, it may have
	// children of its own; and it isn't inherited.
	Daemon bool

	// Detached processes are left alone when this process exits or dies. They
	// get a session of their own.
	Detached bool

	// Method is how the process is started.
	Method StartMethod

	// Grace is how long the process may take to end when it is terminated,
	// before it is killed: its function has half of that. Zero means
	// DefaultGrace; a negative value means that it is killed at once.
	Grace time.Duration

	// Env is the environment, each entry KEY=value; nil is this process's own.
	// Runtime settings in force travel whatever it says, see the package
	// documentation.
	Env []string

	// Dir is the working directory; empty is this process's own.
	Dir string

	// Stdin is what the process reads; nil is the null device. An *os.File is
	// handed down; what any other reader holds is copied through a pipe.
	Stdin io.Reader

	// Stdout and Stderr take what the process writes; nil is this process's
	// own. An *os.File is handed down; for any other writer the output is
	// copied, and Wait and Join return after that, or when Grace (but at least
	// a second) is over: a descendant of the process may hold the pipe.
	Stdout, Stderr io.Writer

	// Files are handed down by name: the process gets each with [InheritedFile].
	// It has no other descriptors of this process but its standard streams. The
	// files stay the caller's, who may close them as soon as Start has returned;
	// position and flags are shared as between duplicates, dup(2), and Start
	// changes none. The map is read by Start.
	Files map[string]*os.File
}

var errOptions error = optionsError{}

// An optionsError is os.ErrInvalid in other words.
type optionsError struct{}

func (optionsError) Error() string        { return "multiproc: invalid Options" }
func (optionsError) Is(target error) bool { return target == os.ErrInvalid }

// check refuses what contradicts itself.
func (o *Options) check() error {
	switch {
	case o.Daemon && o.Detached:
		return fmt.Errorf("%w: Daemon and Detached exclude each other", errOptions)
	case o.Method < DefaultMethod || o.Method > InProcess:
		return fmt.Errorf("%w: Method is %v", errOptions, o.Method)
	case strings.ContainsRune(o.Dir, 0):
		return fmt.Errorf("%w: Dir has a NUL byte", errOptions)
	case o.Method == InProcess && (o.Env != nil || o.Dir != "" || o.Detached ||
		o.Stdin != nil || o.Stdout != nil || o.Stderr != nil || len(o.Files) > 0):
		return fmt.Errorf("%w: InProcess can't have Env, Dir, Detached, Files or streams of its own", errOptions)
	}
	if i := slices.IndexFunc(o.Env, badEntry); i >= 0 {
		return fmt.Errorf("%w: Env[%d] is %q, not KEY=value", errOptions, i, o.Env[i])
	}
	return nil
}

func badEntry(entry string) bool {
	return strings.IndexByte(entry, '=') <= 0 || strings.IndexByte(entry, 0) >= 0
}

// grace returns Grace with its default.
func (o *Options) grace() time.Duration { return graceOf(o.Grace) }

func graceOf(d time.Duration) time.Duration {
	if d == 0 {
		return DefaultGrace
	}
	const long = 100 * 365 * 24 * time.Hour // so that a margin can be added
	return min(d, long)
}
