package multiproc

import (
	"context"
	"errors"
	"runtime"
	"time"

	"multiproc/finalize"
	"multiproc/internal/seam"
	"multiproc/internal/track"
)

// Cleanup brings this process back to the state before its first child, for
// tests [_cleanup_tests]: it stops every child that is not detached, runs all
// finalizers, and collects garbage so that those of unreachable objects run
// too. Everything is usable again afterwards. The error joins what finalizers
// returned and which children could not be ended before ctx was over.
func Cleanup(ctx context.Context) error {
	spares.close()
	defer spares.open()
	errs := []error{stopChildren(ctx), finalize.RunAll()}
	runtime.GC()
	errs = append(errs, stopChildren(ctx)) // started by finalizers
	rest()
	stop := track.StopIdle
	if len(family.list()) == 0 {
		stop = track.Stop
	}
	ctx, cancel := atLeast(ctx, track.LeaveLimit)
	defer cancel()
	return errors.Join(append(errs, stop(ctx))...)
}

// atLeast returns a copy of ctx that does not end before the limit is over.
func atLeast(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	long, cancel := context.WithCancel(context.WithoutCancel(ctx))
	over := time.AfterFunc(limit, func() {
		stop := context.AfterFunc(ctx, cancel)
		context.AfterFunc(long, func() { stop() })
	})
	return long, func() {
		over.Stop()
		cancel()
	}
}

// rest lets go of what is kept for the next child, but for the tracker.
func rest() {
	spares.close()
	spares.wait()
	if len(family.list()) == 0 {
		crashes.Close()
	}
}

func init() {
	seam.Rest = func() {
		rest()
		ctx, cancel := context.WithTimeout(context.Background(), track.LeaveLimit)
		defer cancel()
		_ = track.StopIdle(ctx) // who looks for leaks will find it
		spares.open()
	}
	seam.InProcess = func() (undo func()) {
		was := mainOptions.Load()
		opts := *was
		opts.Method = InProcess
		mainOptions.Store(&opts)
		return func() { mainOptions.Store(was) }
	}
}

func stopChildren(ctx context.Context) error {
	children := exitChildren()
	errs := make(chan error, len(children))
	for _, c := range children {
		go func() { errs <- c.(interface{ Stop(context.Context) error }).Stop(ctx) }()
	}
	var all []error
	for range children {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
