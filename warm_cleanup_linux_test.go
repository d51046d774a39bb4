package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// warmCleanup cleans up while spares are handed out, each time a bit later, and
// returns what was wrong.
var warmCleanup = warmProgram("warm-cleanup", multiproc.MainOptions{}, func(ctx context.Context) (odd []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lifeNet)
	defer cancel()
	for i := range 40 {
		multiproc.SetSpares(2)
		multiproc.AwaitSpares(2)
		called := make(chan error, 1)
		go func() {
			_, err := warmed.Call(ctx, 3)
			called <- err
		}()
		time.Sleep(time.Duration(i) * 10 * time.Microsecond)
		_ = multiproc.Cleanup(ctx) // which may say that the child still needs the tracker
		if err := <-called; !warmLetBe(err) {
			odd = append(odd, fmt.Sprint(i, " call: ", err))
		}
		if err := multiproc.Cleanup(ctx); err != nil {
			odd = append(odd, fmt.Sprint(i, " cleanup: ", err))
		}
	}
	return odd, ctx.Err()
})

// warmLetBe reports whether a function has succeeded, or failed since its process
// was asked to end.
func warmLetBe(err error) bool {
	died, ok := errors.AsType[*multiproc.ExitError](err)
	return err == nil || errors.Is(err, multiproc.ErrTerminated) || ok && died.Status.Signal == syscall.SIGTERM
}

// Cleanup beside a warm start leaves the child alone or ends it, and comes to an
// end itself, with the tracker's.
func TestCleanupBesideAHandOut(t *testing.T) {
	t.Parallel()
	if odd := lifeRun[[]string](t, programCommand(t, warmCleanup)); len(odd) > 0 {
		t.Error(odd)
	}
}
