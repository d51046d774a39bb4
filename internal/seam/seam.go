// Package seam is the meeting place of public packages that share a private
// need: mplog, afterfork and stdio put functions here when they are
// initialised, and the root package calls them; what the root package puts here
// multiproctest and pool call. Nothing else belongs here.
package seam

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// LogState is what a child takes over of its parent's logging.
type LogState struct {
	On     bool       // Logger, LogToStderr or SetHandler was called
	Level  slog.Level // the threshold in force
	Stderr bool       // records go to stderr as lines
	Custom bool       // records go to a handler of the program's own
}

// Set by mplog.
var (
	// LogSnapshot returns what a child started now must take over.
	LogSnapshot func() LogState

	// LogAdopt makes a child log as s says. Where s.Custom is set, each record
	// is encoded and given to send, from one goroutine at a time and never
	// from the caller of a logging function; an error ends the sending.
	LogAdopt func(s LogState, send func(record []byte) error)

	// LogEmit lets a record that a child sent come out in this process. It
	// does not block on a slow handler: what its bounded buffer can't hold is
	// counted and said later.
	LogEmit func(record []byte, process string)

	// LogClose writes out what is buffered, for no longer than limit, and
	// ends the goroutines that logging started. Logging stays usable.
	LogClose func(limit time.Duration)
)

// FlushStreams flushes the writers that are to be flushed at exit, one after
// another, and returns when that is done, which may be never. From when hurry is
// closed, one that blocks keeps no other waiting. Failures are told as they come,
// from one goroutine. Set by stdio.
var FlushStreams func(hurry <-chan struct{}, failed func(error))

// StreamsToFlush reports whether there is anything for FlushStreams. Set by
// stdio.
var StreamsToFlush func() bool

// Set by the root package, for tests of programs that use it.
var (
	// Rest lets go of what is kept for the next child, if no child needs it.
	Rest func()

	// InProcess makes InProcess the default method, until undo is called.
	InProcess func() (undo func())
)

// Set by the root package, for package pool.
var (
	// Func takes a *multiproc.Func apart: its name, its multiproc.Options, and
	// whether it would run in this process if it were started now.
	Func func(f any) (name string, opts any, inProcess bool)

	// Runner returns what runs a registered function on an encoded argument,
	// and appends the result to buf; a failure is nil or all there is. Panics
	// are contained; a function that ends its goroutine ends the caller's.
	Runner func(name string) (func(ctx context.Context, arg, buf []byte) (result, failure []byte), error)

	// Goexit is the failure of a function that has ended its goroutine.
	Goexit func() []byte

	// Failure is the error that a failure means in the parent.
	Failure func(failure []byte) error
)

// RunAfterFork runs the registered hooks in the order of their registration.
// Set by afterfork.
var RunAfterFork func()

var processName atomic.Pointer[string]

// SetProcessName names this process for the log: Process-1, Process-1:2.
func SetProcessName(name string) { processName.Store(&name) }

// ProcessName is the name of this process, MainProcess unless it was set.
func ProcessName() string {
	if p := processName.Load(); p != nil {
		return *p
	}
	return "MainProcess"
}
