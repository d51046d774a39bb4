package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// MainOptions adjust Main. The zero MainOptions is ready to use.
type MainOptions struct {
	// Method is how functions are started whose Options don't say. Zero means
	// Spawn.
	Method StartMethod

	// Spares is how many processes are kept ready for Warm starts, see
	// [SetSpares]: from now on, if it is positive. Zero means two from the
	// first Warm start on; a negative value means none.
	Spares int

	// Preload runs in each spare before it waits, and in a child that is
	// started cold before its function, so that functions need not ask: it
	// opens caches, parses tables, warms up. It runs on the main goroutine,
	// after package initialisation; hooks of package afterfork run after it,
	// when the process takes on its identity. Its ctx ends when the process
	// is to end.
	//
	// What it makes stays in its process: finalizers run, and temp dirs go,
	// when that ends. Goroutines that it leaves running must not touch
	// os.Args, os.Stdin, os.Stdout, os.Stderr and the working directory, which
	// become the child's own. If it fails or panics, that is the error of the
	// function that is started cold, and a warning of the parent's log (event
	// spare-failed): spares are tried again after a pause that grows.
	Preload func(ctx context.Context) error

	// Grace is how long run may take to return after a signal has ended its
	// ctx. Zero means DefaultGrace; a negative value means no time.
	Grace time.Duration

	// ExitTimeout bounds the whole exit sequence, finalizers included: when it
	// is over, children are killed and the process exits with code 124, or with
	// the panic in run that it left for. Zero means no bound.
	ExitTimeout time.Duration
}

var mainOptions atomic.Pointer[MainOptions]

func init() { mainOptions.Store(&MainOptions{}) }

// Main is what main does first, and it never returns. In a child it runs what
// the child is for. Else it calls run on the main goroutine and then leaves in
// order, see the package documentation.
//
// run's ctx ends with the first SIGINT, SIGTERM or SIGHUP (context.Cause names
// it); a SIGINT or SIGHUP that was ignored when the process started, as nohup
// does, stays ignored. A second signal ends the waiting for children.
//
// The exit code: 0 if run returned nil; if it returned an error, that is
// printed as "name: error", and the code is that of ExitCode() int in its
// chain, else 1. After a signal an error that is context.Canceled makes the
// process die by that signal (128+N where it can't: as PID 1), and so it does
// if run does not return within Grace. A panic in run comes out after the
// sequence, with its stack and code 2.
func Main(run func(ctx context.Context) error) { MainWithOptions(run, MainOptions{}) }

// MainWithOptions is Main with options. It panics if they make no sense.
func MainWithOptions(run func(ctx context.Context) error, opts MainOptions) {
	opts.use()
	ctx, cancel := context.WithCancelCause(context.Background())
	exit.wish = newStop(cancel, func() { exit.leave(bySignal) })
	notice(func(sig syscall.Signal) {
		exit.wish.signalled(func() bool { return false })
		exit.wish.ask(&signalError{sig}, sig, max(0, graceOf(opts.Grace)), time.Time{})
	})
	defer afterRun() // a panic, or Goexit
	err := run(ctx)
	if exit.begin() {
		exit.finish(endOfRun(err))
	}
	select {} // somebody else leaves already
}

// Init is for programs that keep a main of their own: it comes first there. In
// a child it never returns. Else it only makes [Func.Start] possible: end with
// [Exit], which leaves in order. A program that just returns from main leaves
// its children to find out that they are orphans. Calling it again does nothing.
func Init() {
	if IsChild() {
		birth.live()
	}
	initialize()
	spares.refill() // as many as SetSpares may have asked for before
}

// InitWithOptions is Init with the options of a main of its own: Grace has no
// meaning there. It comes before anything that calls Init, as multiproctest.Main
// does, and panics if the options make no sense.
func InitWithOptions(opts MainOptions) { opts.use() }

// use makes these the options of this process, and Start possible. In a child
// it does not return.
func (o *MainOptions) use() {
	if o.Method < DefaultMethod || o.Method > InProcess || o.ExitTimeout < 0 {
		panic(fmt.Sprintf("multiproc: invalid MainOptions: %+v", *o))
	}
	mainOptions.Store(o)
	Init()
	if o.Spares > 0 {
		SetSpares(o.Spares)
	}
}

// IsChild reports whether this process was started to run a function for
// another one. It is right from package initialisation on.
func IsChild() bool { return birth.fd >= 0 }

// afterRun leaves when run did not return. A panic goes on after that, so that
// the runtime prints it with the stack where it happened.
func afterRun() {
	if inGoexit() {
		exit.leave(1) // unless it was Exit, which has begun
		select {}
	}
	exit.panicked.Store(true)
	if exit.begin() {
		go exit.finish(2) // beside this goroutine, which may have to go on before its end
	}
	<-exit.letPanic
}

// inGoexit reports whether the calling deferred function runs for
// runtime.Goexit, as against a panic. Recovering would tell too, but spoil the
// panic's own report.
func inGoexit() bool {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		switch frame.Function {
		case "runtime.Goexit":
			return true
		case "runtime.gopanic":
			return false
		}
		if !more {
			return false
		}
	}
}

// endOfRun says what the process shall end with, and prints run's error.
func endOfRun(err error) int {
	if err == nil {
		return 0
	}
	if asked, _ := exit.wish.state(); asked && errors.Is(err, context.Canceled) {
		return bySignal
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	return codeOf(err)
}

// codeOf returns the exit code that an error asks for.
func codeOf(err error) int {
	var coder interface{ ExitCode() int }
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	return 1
}
