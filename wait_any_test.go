package multiproc_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"multiproc"
)

// TESTS 139: all that have ended, of every kind, in the order given.
func TestWaitAny(t *testing.T) {
	t.Parallel()
	var procs []*multiproc.Process
	for _, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.InProcess, multiproc.Spawn} {
		procs = append(procs, lifeStart(t, lifeWait.With(multiproc.Options{Method: method}), "").Process)
	}
	procs = append(procs, lifeCommand(t, multiproc.Options{}, "sleep", "1000"))

	over, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := multiproc.WaitAny(over, procs...); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("WaitAny = %v, %v while all run", got, err)
	}
	for _, ends := range []int{3, 1, 2} { // the waiting comes before the end
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				got, err := multiproc.WaitAny(lifeCtx(t), procs[ends], procs[0])
				if !slices.Equal(got, procs[ends:ends+1]) || err != nil {
					t.Errorf("WaitAny = %v, %v; want %v", got, err, procs[ends])
				}
			})
		}
		if err := procs[ends].Terminate(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
	got, err := multiproc.WaitAny(over, procs...) // what has ended wins over an ended ctx
	if !slices.Equal(got, procs[1:]) || err != nil {
		t.Errorf("WaitAny = %v, %v; want %v", got, err, procs[1:])
	}
	twice, err := multiproc.WaitAny(lifeCtx(t), procs[0], procs[1], procs[1])
	if !slices.Equal(twice, []*multiproc.Process{procs[1], procs[1]}) || err != nil {
		t.Errorf("WaitAny = %v, %v; want %v twice", twice, err, procs[1])
	}
	if !procs[0].Alive() {
		t.Error("the one that nobody ended has ended")
	}
}

// TESTS 252: with nobody to wait for it waits for ctx.
func TestWaitAnyOfNobody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	got, err := multiproc.WaitAny(ctx)
	if got != nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil {
		t.Errorf("WaitAny() = %v, %v", got, err)
	}
}
