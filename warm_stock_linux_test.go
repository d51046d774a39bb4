package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
	"multiproc/finalize"
	"multiproc/internal/sandbox"
	"multiproc/mplog"
	"multiproc/tracker"
)

var warmed = square.With(multiproc.Options{Method: multiproc.Warm})

// warmSeen tells what can be seen of spares, and what they cost.
type warmSeen struct {
	Children    int
	Descriptors [2]int
	Ticks       time.Duration // of the processor, while they wait
}

var warmQuiet = lifeProgram("warm-quiet", func(ctx context.Context) (s warmSeen, err error) {
	multiproc.SetSpares(3)
	pids := multiproc.AwaitSpares(3)
	s.Children = len(multiproc.ActiveChildren())
	before, err := warmTicks(pids)
	if err != nil {
		return s, err
	}
	time.Sleep(time.Second) // to be measured
	after, err := warmTicks(pids)
	if err != nil {
		return s, err
	}
	s.Ticks = after - before
	for i := range s.Descriptors {
		for n := range 10 * (i + 1) {
			if _, err := warmed.Call(ctx, n); err != nil {
				return s, err
			}
		}
		if err := multiproc.Cleanup(ctx); err != nil {
			return s, err
		}
		held, err := lifeHolds()
		if err != nil {
			return s, err
		}
		s.Descriptors[i] = held.Descriptors
	}
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		return s, fmt.Errorf("there is a process after Cleanup: wait4 = %d, %w", pid, err)
	}
	return s, nil
})

// warmTicks is the processor time that processes have used.
func warmTicks(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		var user, system time.Duration
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
		if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
			return 0, err
		}
		sum += (user + system) * 10 * time.Millisecond
	}
	return sum, nil
}

// Spares are nobody's children, cost no processor time while they wait, and
// leave nothing behind when they were used up or let go.
func TestSparesAreNotSeen(t *testing.T) {
	t.Parallel()
	s := lifeRun[warmSeen](t, programCommand(t, warmQuiet))
	if s.Children != 0 || s.Ticks > 10*time.Millisecond || s.Descriptors[0] != s.Descriptors[1] {
		t.Errorf("%+v", s)
	}
}

// warmNested tells, in a child, how many processes it has below it once its
// child has run, which it starts warm.
var warmNested = multiproc.NewFunc("warm-nested", func(ctx context.Context, own int) (left int, err error) {
	if own > 0 {
		multiproc.SetSpares(own)
		multiproc.AwaitSpares(own)
	}
	if n, err := warmed.Call(ctx, 3); err != nil || n != 9 {
		return 0, fmt.Errorf("%d: %w", n, err)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		text, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err != nil {
			return 0, err
		}
		left += len(strings.Fields(string(text)))
	}
	return left, err
})

var warmGenerations = lifeProgram("warm-generations", func(ctx context.Context) (left [2]int, err error) {
	for i, own := range []int{0, 2} {
		if left[i], err = warmNested.With(multiproc.Options{Method: multiproc.Warm}).Call(ctx, own); err != nil {
			return left, err
		}
	}
	return left, nil
})

// PAINS 76: a child has no stock of its own, unless it asks for one.
func TestChildrenHaveNoStock(t *testing.T) {
	t.Parallel()
	if left := lifeRun[[2]int](t, coldOnly(programCommand(t, warmGenerations))); left[0] != 0 || left[1] < 1 {
		t.Errorf("%d spares of a child that did not ask, %d of one that did", left[0], left[1])
	}
}

// warmLeaving is a program that has spares when it leaves, in some way.
var warmLeaving = program("warm-leaving", func() {
	opts := warmOptions
	opts.Spares = 2
	multiproc.MainWithOptions(func(ctx context.Context) error {
		mplog.LogToStderr(mplog.LevelInfo)
		finalize.AtExit(func() error {
			for len(warmTraces(os.Getenv("WARM_TEST_DIR"), "finalized")) < 2 {
				time.Sleep(time.Millisecond)
			}
			mark("spares were first")
			return nil
		}, 0)
		pids := multiproc.AwaitSpares(2) // which were started before anybody logged: they are let go
		if os.Args[1] == "stopped" {
			if err := syscall.Kill(pids[0], syscall.SIGSTOP); err != nil {
				return err
			}
		}
		// The tracker knows the spares once it has answered: before that the kernel kills them.
		if err := errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none")); err != nil {
			return err
		}
		mark("ready")
		switch os.Args[1] {
		case "exit":
			os.Exit(3)
		case "return":
			return nil
		}
		<-ctx.Done()
		select {} // it is killed
	}, opts)
})

// Spares are the first to go at exit, and they go with their owner however that
// dies.
func TestSparesEndWithTheirOwner(t *testing.T) {
	t.Parallel()
	for way, code := range map[string]int{"return": 0, "exit": 3, "killed": -9, "stopped": -9} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cmd, dir := warmCommand(t, warmLeaving, "")
			cmd.Args = append(cmd.Args, way)
			s := stageCommand(t, cmd)
			s.abrupt = way != "return"
			s.await("ready")
			if code == -9 {
				s.signal(syscall.SIGKILL)
			}
			s.end(code)
			if way == "return" {
				s.says("mark: spares were first")
			}
			if made, ended := warmTraces(dir, "preloaded"), warmTraces(dir, "finalized"); way != "stopped" && !slices.Equal(made, ended) {
				t.Errorf("made by %v, ended in order by %v", made, ended)
			}
		})
	}
}

// warmRefused can't start processes any more. It tells how many starts did not
// say why, and how often the stock was tried to be filled.
var warmRefused = lifeProgram("warm-refused", func(ctx context.Context) (n [2]int, err error) {
	for _, r := range vforks(unix.EAGAIN) {
		if err := sandbox.RefuseWhere(r.call, r.arg, r.value, r.errno); err != nil {
			return n, err
		}
	}
	multiproc.SetSpares(4)
	for range 200 {
		if _, err := warmed.Call(ctx, 1); !errors.Is(err, unix.EAGAIN) {
			n[0]++
		}
	}
	n[1] = multiproc.SpareFailures()
	return n, nil
})

// Where no process can be started the stock is not tried again and again.
func TestStockThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	n := lifeRun[[2]int](t, coldOnly(programCommand(t, warmRefused)))
	if most := 2 + int(time.Since(begin)/(100*time.Millisecond)); n[0] > 0 || n[1] < 1 || n[1] > most {
		t.Errorf("%d starts of 200 did not say why; %d tries, of %d at most", n[0], n[1], most)
	}
}
