package multiproc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"multiproc/internal/seam"
	"multiproc/mplog"
)

// How long buffered output may take when the exit was asked for, and when a
// second signal has come.
const (
	flushLimit = 2 * time.Second
	flushSkip  = 200 * time.Millisecond
)

// flushStreams gets out what stdio was given to flush. It waits for a slow reader
// without end, unless the exit was asked for, then or meanwhile; ExitTimeout
// ends the process over it. The exit code knows nothing of all this.
func flushStreams() {
	if seam.StreamsToFlush == nil || !seam.StreamsToFlush() { // a program that does not link stdio has none
		return
	}
	flush := func(hurry <-chan struct{}) { seam.FlushStreams(hurry, sayNotFlushed) }
	if !flushWithin(flush, exit.wish, flushLimit) {
		sayBriefly("a writer blocks, and what it has buffered is lost")
	}
}

// flushWithin calls flush, and reports whether it has returned. Once the exit is
// asked for it has the limit, or half of what a deadline leaves; half of that
// for those that wait for one that blocks.
func flushWithin(flush func(hurry <-chan struct{}), wish *stop, limit time.Duration) bool {
	done, hurry := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		flush(hurry)
	}()
	select {
	case <-done:
		return true
	case <-wish.wanted:
	}
	if deadline := wish.by(); !deadline.IsZero() {
		limit = min(limit, time.Until(deadline)/2)
	}
	limit /= 2
	select {
	case <-done:
		return true
	case <-wish.skip:
		limit = min(limit, flushSkip)
	case <-time.After(limit):
	}
	close(hurry)
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

// sayNotFlushed tells of lost output: who has gone away or closed a stream
// knows, and is not to read of it.
func sayNotFlushed(err error) {
	for _, gone := range []error{syscall.EPIPE, syscall.EBADF, os.ErrClosed, io.ErrClosedPipe} {
		if errors.Is(err, gone) {
			if mplog.Enabled(mplog.LevelInfo) {
				mplog.Info("nobody takes the output", mplog.EventKey, "flush-failed", "error", err)
			}
			return
		}
	}
	fmt.Fprintf(os.Stderr, "multiproc: %s: %v\n", self().name, err)
}

// sayBriefly tells why an exit goes on without what it has waited for.
func sayBriefly(what string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintf(os.Stderr, "multiproc: %s: %s\n", self().name, what)
	}()
	select {
	case <-said:
	case <-time.After(500 * time.Millisecond): // stderr may be what everybody hangs on
	}
}
