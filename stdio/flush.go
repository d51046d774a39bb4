package stdio

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"multiproc/internal/seam"
)

func init() { seam.StreamsToFlush, seam.FlushStreams = std.any, std.flushAtExit }

// std is the registry behind FlushAtExit.
var std registry

// registry holds the writers in the order of their registration.
type registry struct {
	mu      sync.Mutex
	writers []*writer
}

// A writer is one registration.
type writer struct {
	mu sync.Mutex // held while it is flushed
	w  interface{ Flush() error }
}

// FlushAtExit has the exit sequence of package multiproc flush w, and so does
// [Flush]. remove takes that back; it may be called more than once, and from any
// goroutine. A nil w is a stream that isn't there, and nothing is done for it.
//
// By the time of the exit w must be quiet or safe for concurrent use: goroutines
// that still run go on while the exit does. A w that is registered twice is
// flushed twice. The registry keeps w alive.
func FlushAtExit(w interface{ Flush() error }) (remove func()) { return std.add(w) }

// Flush flushes everything that was given to [FlushAtExit] and not removed, the
// newest first [_flush_std_streams]. Each is tried, whatever becomes of the
// others; one that panics has failed. The error joins all failures, those of
// closed and broken streams too: whoever asks wants to know what is lost, and
// errors.Is tells which it is. Registrations stay as they are.
//
// It waits for writers that block. A registration is flushed by one call at a
// time, so that a Flush method must not call this one.
func Flush() error {
	var errs []error
	for _, w := range std.newestFirst() {
		errs = append(errs, w.flush())
	}
	return errors.Join(errs...)
}

func (r *registry) add(w interface{ Flush() error }) (remove func()) {
	if w == nil {
		return func() {}
	}
	entry := &writer{w: w}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writers = append(r.writers, entry)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if i := slices.Index(r.writers, entry); i >= 0 {
			r.writers = slices.Delete(r.writers, i, i+1)
		}
	}
}

func (r *registry) any() bool { return len(r.newestFirst()) > 0 }

func (r *registry) newestFirst() []*writer {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.writers)
	slices.Reverse(list)
	return list
}

// flush contains what w does.
func (w *writer) flush() (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			err = fmt.Errorf("stdio: flush %T: %w", w.w, err)
		}
	}()
	return w.w.Flush()
}

var errGoexit = errors.New("it ended its goroutine")

// flushAtExit flushes everything, and returns when all of it is done; whoever
// calls it bounds that. What failed is told as it comes, one at a time.
//
// It waits for one that blocks before the next is tried, which may be what that
// one writes into. When hurry is closed the rest is tried nevertheless: what
// blocks is lost by then.
func (r *registry) flushAtExit(hurry <-chan struct{}, failed func(error)) {
	list := r.newestFirst()
	if len(list) == 0 {
		return
	}
	// What is caught does not kill: package os raises it for a broken 1 or 2.
	// Nothing is started from here on that could inherit it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	var slow []chan error
	for _, w := range list {
		done := w.start()
		select {
		case err := <-done:
			tell(failed, err)
		case <-hurry:
			slow = append(slow, done)
		}
	}
	for _, done := range slow {
		tell(failed, <-done)
	}
}

func tell(failed func(error), err error) {
	if err != nil {
		failed(err)
	}
}

// start flushes on a goroutine of its own, which may block or end.
func (w *writer) start() chan error {
	done := make(chan error, 1)
	go func() {
		err := fmt.Errorf("stdio: flush %T: %w", w.w, errGoexit)
		defer func() { done <- err }()
		err = w.flush()
	}()
	return done
}
