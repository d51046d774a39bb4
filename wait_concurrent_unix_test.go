//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"multiproc"
)

// lifeAnswer is what one waiter learns.
type lifeAnswer struct {
	Status multiproc.ExitStatus
	Code   int
	Known  bool
	Wait   string
}

func lifeAsk(ctx context.Context, p *multiproc.Process) lifeAnswer {
	var a lifeAnswer
	if err := p.Join(ctx); err != nil {
		return lifeAnswer{Wait: err.Error()}
	}
	a.Status = p.Status()
	a.Code, a.Known = p.ExitCode()
	if err := p.Wait(ctx); err != nil {
		a.Wait = err.Error()
	}
	return a
}

// TESTS 84, PAINS 20: sixteen waiters, from before the end, learn the same.
func TestEverybodyLearnsTheSame(t *testing.T) {
	t.Parallel()
	for round := range 8 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			code := round % 4
			c := lifeStart(t, lifeExit, code)
			answers := make([]lifeAnswer, 16)
			results := make([]error, len(answers))
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() {
					_, results[i] = c.Result(lifeCtx(t))
					<-c.Done()
					answers[i] = lifeAsk(lifeCtx(t), c.Process)
				})
			}
			wg.Wait()
			for i, a := range answers {
				if a != answers[0] || a.Code != code || !a.Known || a.Status.Code != code || !a.Status.Ended {
					t.Errorf("waiter %d learned %+v, waiter 0 %+v; the code is %d", i, a, answers[0], code)
				}
				if !errors.As(results[i], new(*multiproc.ExitError)) || results[i].Error() != results[0].Error() {
					t.Errorf("waiter %d got %v, waiter 0 %v", i, results[i], results[0])
				}
			}
		})
	}
}

// A ctx bounds the waiting of who gave it, and nothing else. PAINS 22.
func TestCtxBoundsTheWaitingOnly(t *testing.T) {
	t.Parallel()
	c := lifeRunning(t, multiproc.Options{})
	over, cancel := context.WithCancel(t.Context())
	waits := map[string]func(context.Context) error{
		"Join":    c.Join,
		"Wait":    c.Wait,
		"Result":  func(ctx context.Context) error { _, err := c.Result(ctx); return err },
		"WaitAny": func(ctx context.Context) error { _, err := multiproc.WaitAny(ctx, c.Process); return err },
	}
	var wg sync.WaitGroup
	for name, wait := range waits { // those that wait already, and those that only come
		wg.Go(func() {
			if err := wait(over); err != context.Canceled { //nolint:errorlint // itself, as the standard library does
				t.Errorf("%s = %v when its ctx ended", name, err)
			}
		})
	}
	cancel()
	wg.Wait()
	for name, wait := range waits {
		if err := wait(over); err != context.Canceled { //nolint:errorlint // as above
			t.Errorf("%s = %v with an ended ctx", name, err)
		}
	}
	if !c.Alive() || c.Signal(syscall.Signal(0)) != nil {
		t.Error("the child did not survive its waiters")
	}
	if err := c.Stop(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	for name, wait := range waits { // an end that is known wins over an ended ctx
		if err := wait(over); errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v of a child that has ended", name, err)
		}
	}
}

// lifeStormed waits for a child while signals hail on this process.
var lifeStormed = lifeProgram("life-stormed", func(ctx context.Context) (lifeAnswer, error) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGCHLD)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return lifeAnswer{}, err
	}
	over, storm := make(chan struct{}), sync.WaitGroup{}
	storm.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				_ = self.Signal(syscall.SIGUSR1)
				<-c
			}
		}
	})
	child, err := lifeExit.Start(ctx, 7)
	if err != nil {
		return lifeAnswer{}, err
	}
	a := lifeAsk(ctx, child.Process)
	close(over)
	storm.Wait()
	a.Status = multiproc.ExitStatus{}
	return a, nil
})

// TESTS 83: signals do not end the waiting.
func TestWaitInAStormOfSignals(t *testing.T) {
	t.Parallel()
	got := lifeRun[lifeAnswer](t, programCommand(t, lifeStormed))
	if !got.Known || got.Code != 7 {
		t.Errorf("learned %+v, want code 7", got)
	}
}
