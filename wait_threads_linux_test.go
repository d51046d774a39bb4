package multiproc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"multiproc"
)

// lifeCost is what a process holds.
type lifeCost struct{ Threads, Descriptors int }

func lifeHolds() (lifeCost, error) {
	tasks, err1 := os.ReadDir("/proc/self/task")
	fds, err2 := os.ReadDir("/proc/self/fd")
	return lifeCost{len(tasks), len(fds)}, errors.Join(err1, err2)
}

// lifeCrowd starts so many functions and programs, each with a goroutine that
// waits for it, and tells the cost before, with all of them, and after.
var lifeCrowd = lifeProgram("life-crowd", func(ctx context.Context) (costs [3]lifeCost, err error) {
	funcs, _ := strconv.Atoi(os.Args[1])
	programs, _ := strconv.Atoi(os.Args[2])
	if _, err := square.Call(ctx, 1); err != nil { // what the first child needs
		return costs, err
	}
	if costs[0], err = lifeHolds(); err != nil {
		return costs, err
	}
	var waiting sync.WaitGroup
	add := func(p *multiproc.Process, err error) error {
		if err == nil {
			waiting.Go(func() { _ = p.Wait(context.Background()) })
		}
		return err
	}
	for range funcs {
		c, err := lifeWait.With(multiproc.Options{Grace: -1}).Start(ctx, "")
		if err != nil {
			return costs, err
		}
		_ = add(c.Process, nil)
	}
	for range programs {
		if err := add(multiproc.StartCommand(ctx, exec.Command("sleep", "1000"), multiproc.Options{})); err != nil {
			return costs, err
		}
	}
	runtime.Gosched()
	if costs[1], err = lifeHolds(); err != nil {
		return costs, err
	}
	if err := multiproc.Cleanup(ctx); err != nil { // Stop for each, all at once
		return costs, err
	}
	waiting.Wait()
	costs[2], err = lifeHolds()
	return costs, err
})

// Promise 8: a thousand children that wait cost no thread each, and three
// descriptors at most, which come back: the control socket, the pidfd and what
// the kernel kills them by.
func TestWaitingCostsNoThreads(t *testing.T) {
	t.Parallel()
	funcs, programs := 200, 800
	if testing.Short() {
		funcs, programs = 50, 150
	}
	cost := lifeRun[[3]lifeCost](t, programCommand(t, lifeCrowd, strconv.Itoa(funcs), strconv.Itoa(programs)))
	t.Logf("before, with %d, after: %+v", funcs+programs, cost)
	const few = 40 // what the runtime may start to fork and exec
	if got := cost[1].Threads - cost[0].Threads; got > few {
		t.Errorf("%d children cost %d threads", funcs+programs, got)
	}
	if got, most := cost[1].Descriptors-cost[0].Descriptors, 3*(funcs+programs)+few; got > most {
		t.Errorf("%d children cost %d descriptors, want %d at most", funcs+programs, got, most)
	}
	if got := cost[2].Descriptors - cost[0].Descriptors; got > 8 { // the poller's, and the tracker's
		t.Errorf("%d descriptors more than before the children", got)
	}
}
