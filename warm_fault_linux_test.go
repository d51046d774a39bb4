package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
)

// warmBlows do something to the spares that are waiting.
var warmBlows = map[string]func(pids []int) error{
	"killed":      warmSignal(syscall.SIGKILL),
	"stopped":     warmSignal(syscall.SIGSTOP),
	"terminated":  warmSignal(syscall.SIGTERM),
	"interrupted": warmSignal(syscall.SIGINT), // which is the parent's: nothing happens
	"starved": func(pids []int) (err error) { // of descriptors: what is sent does not arrive
		for _, pid := range pids {
			err = errors.Join(err, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4, Max: 4}, nil))
		}
		return err
	},
}

func warmSignal(sig syscall.Signal) func([]int) error {
	return func(pids []int) error {
		var err error
		for _, pid := range pids {
			err = errors.Join(err, syscall.Kill(pid, sig))
		}
		return err
	}
}

// warmStruck starts functions whose spares were all struck just before. It tells
// how many of the results were wrong.
var warmStruck = lifeProgram("warm-struck", func(ctx context.Context) (wrong int, err error) {
	multiproc.SetSpares(2)
	for i := range 5 {
		if err := warmBlows[os.Args[1]](multiproc.AwaitSpares(2)); err != nil {
			return wrong, err
		}
		got, err := square.With(multiproc.Options{Method: multiproc.Warm}).Call(ctx, i)
		if err != nil || got != i*i {
			wrong++
			fmt.Fprintln(os.Stderr, i, got, err)
		}
	}
	return wrong, nil
})

// A spare that can't become a child costs another try, never an error or a hang,
// and the function does not run twice.
func TestWarmStartOfAStruckSpare(t *testing.T) {
	t.Parallel()
	for blow := range warmBlows {
		t.Run(blow, func(t *testing.T) {
			t.Parallel()
			if wrong := lifeRun[int](t, programCommand(t, warmStruck, blow)); wrong > 0 {
				t.Errorf("%d of 5 were wrong", wrong)
			}
		})
	}
}

// warmHold holds those of the processes by pidfd that are not gone: one that was
// struck in an earlier round may be ready until it is reaped.
func warmHold(pids []int) (fds []int, err error) {
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return nil, err
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

// warmRace kills spares while they are handed out. What was started has run once
// or has died of the signal.
var warmRace = lifeProgram("warm-race", func(ctx context.Context) (wrong []string, err error) {
	multiproc.SetSpares(4)
	sig := syscall.SIGKILL
	if os.Args[1] == "stop" {
		sig = syscall.SIGSTOP
	}
	for i := range 60 {
		pids := multiproc.AwaitSpares(1)
		held, err := warmHold(pids)
		if err != nil {
			return nil, err
		}
		struck := make(chan struct{})
		go func() {
			defer close(struck)
			time.Sleep(time.Duration(i) * 10 * time.Microsecond) // somewhere in the hand-out
			for _, fd := range held {
				_ = unix.PidfdSendSignal(fd, sig, nil, 0) // it may have been reaped
				_ = unix.Close(fd)
			}
		}()
		c, err := square.With(multiproc.Options{Method: multiproc.Warm}).Start(ctx, i)
		if err != nil {
			return nil, err
		}
		<-struck
		if slices.Contains(pids, c.PID()) {
			_ = c.Signal(syscall.SIGCONT) // it may have begun, and is as any other child then
		}
		got, err := c.Result(ctx)
		var died *multiproc.ExitError
		killed := errors.As(err, &died) && died.Status.Signal == syscall.SIGKILL && slices.Contains(pids, c.PID())
		if err == nil && got != i*i || err != nil && !killed {
			wrong = append(wrong, fmt.Sprint(i, got, err))
		}
		if err := c.Join(ctx); err != nil {
			return nil, err
		}
	}
	return wrong, nil
})

func TestWarmStartInARaceWithASignal(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"kill", "stop"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			if wrong := lifeRun[[]string](t, programCommand(t, warmRace, how)); len(wrong) > 0 {
				t.Errorf("%q", wrong)
			}
		})
	}
}

// warmBurst is more starts at once than there are spares.
var warmBurst = lifeProgram("warm-burst", func(ctx context.Context) (spares int, err error) {
	multiproc.SetSpares(2)
	pids := multiproc.AwaitSpares(2)
	var children []*multiproc.Child[string]
	for range 8 {
		c, err := lifeWait.With(multiproc.Options{Method: multiproc.Warm}).Start(ctx, "")
		if err != nil {
			return 0, err
		}
		if slices.Contains(pids, c.PID()) {
			spares++
		}
		children = append(children, c)
	}
	for _, c := range children {
		err = errors.Join(err, c.Stop(ctx))
	}
	return spares, err
})

// Nobody waits for a spare: the others are started cold.
func TestWarmStartsBeyondTheStock(t *testing.T) {
	t.Parallel()
	if spares := lifeRun[int](t, programCommand(t, warmBurst)); spares < 2 {
		t.Errorf("%d spares were taken, of 2", spares)
	}
}

// warmDying has spares that die of themselves, just after they got ready.
var warmDying = program("warm-dying", func() {
	multiproc.MainWithOptions(func(ctx context.Context) error {
		for len(warmTraces(os.Getenv("WARM_TEST_DIR"), "preloaded")) < 5 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}, warmOptions)
})

// A stock whose spares die does not start new ones without end.
func TestDyingSparesPause(t *testing.T) {
	t.Parallel()
	cmd, dir := warmCommand(t, warmDying, "later")
	begin := time.Now()
	stageCommand(t, cmd).end(0)
	took := time.Since(begin)
	// Pauses of 0.1, 0.2, 0.4 s and more: each can only be longer.
	if n := len(warmTraces(dir, "preloaded")); n > 6 || took < 1500*time.Millisecond {
		t.Errorf("%d spares in %v", n, took)
	}
}

// warmNap takes longer than a spare may take to answer.
var warmNap = multiproc.NewFunc("warm-nap", func(context.Context, struct{}) (struct{}, error) {
	time.Sleep(time.Second)
	return struct{}{}, nil
})

// warmBusy has so much else to do that it hears late of what its spares have said
// in time.
var warmBusy = lifeProgram("warm-busy", func(ctx context.Context) (failures []string, err error) {
	multiproc.SetSpares(2)
	var done atomic.Bool
	defer done.Store(true)
	for range 3 {
		multiproc.AwaitSpares(1)
		for range 40 {
			go func() {
				for !done.Load() {
				}
			}()
		}
		if _, err := warmNap.With(multiproc.Options{Method: multiproc.Warm}).Call(ctx, struct{}{}); err != nil {
			failures = append(failures, err.Error())
		}
		done.Store(true)
		for runtime.NumGoroutine() > 40 {
			runtime.Gosched()
		}
		done.Store(false)
	}
	return failures, nil
})

// A function that runs is not killed because this process was slow to hear of it.
func TestWarmStartByABusyParent(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, warmBusy)
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	for _, failure := range lifeRun[[]string](t, cmd) {
		t.Error(failure)
	}
}
