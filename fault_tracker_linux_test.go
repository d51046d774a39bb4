package multiproc_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc"
	"multiproc/internal/sandbox"
	"multiproc/tracker"
)

// A tracker that dies before it serves anybody: this package's initialisation
// ends it, as it may in any program.
func init() {
	if os.Getenv("FAULT_TRACKER") != "" && len(os.Args) > 0 && faultIsTracker() {
		os.Exit(3)
	}
}

// faultIsTracker looks at the name that a tracker was started under: os.Args is
// the program's in it.
func faultIsTracker() bool {
	argv, _ := os.ReadFile("/proc/self/cmdline")
	const name = "\x00tracker\x00"
	return len(argv) > len(name) && string(argv[len(argv)-len(name):]) == name
}

var faultDead = lifeProgram("fault-dead", func(ctx context.Context) (some faultSome, err error) {
	for i := range 3 {
		some.Reports = append(some.Reports, faultTry(ctx, faultCommand()))
		if some.Holds[min(i, 1)], err = faultLook(nil); err != nil {
			return some, err
		}
	}
	if _, err = faultLook(&some.Holds[0]); err != nil {
		return some, err
	}
	return some, faultNobody(ctx)
})

// A tracker that can't live is told of, rather than waited for, and nothing else fails.
func TestTrackerThatDies(t *testing.T) {
	t.Parallel()
	cmd := patient(programCommand(t, faultDead))
	cmd.Env = append(cmd.Env, "FAULT_TRACKER=dies")
	for _, r := range lifeRun[faultSome](t, cmd).Reports {
		if r.Func.Text+r.Command.Text != "" {
			t.Errorf("%+v", r)
		}
		if !r.Track.Unavailable {
			t.Errorf("%+v", r.Track)
		}
		t.Log(r.Track.Text)
	}
}

// faultBelow registers something in a child.
var faultBelow = multiproc.NewFunc("fault-below", func(context.Context, int) (faultError, error) {
	err := tracker.File.Register("below")
	if err == nil {
		err = tracker.File.Unregister("below")
	}
	return faultOf(err), nil
})

var faultAbove = lifeProgram("fault-above", func(ctx context.Context) (list []faultError, err error) {
	if os.Getenv("FAULT_TRACKER") == "" {
		// The tracker alone has a session of its own.
		if err := sandbox.Refuse(unix.SYS_SETSID, sandbox.Any, unix.EPERM); err != nil {
			return nil, err
		}
	}
	for range 2 {
		f, err := faultBelow.Call(ctx, 0)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, faultNobody(ctx)
})

// A child learns as soon that there is nobody behind the door.
func TestChildOfNoTracker(t *testing.T) {
	t.Parallel()
	for _, vars := range []string{"FAULT_TRACKER=", "FAULT_TRACKER=dies"} {
		t.Run(vars, func(t *testing.T) {
			t.Parallel()
			cmd := patient(programCommand(t, faultAbove))
			cmd.Env = append(cmd.Env, vars)
			for _, f := range lifeRun[[]faultError](t, cmd) {
				if !f.Unavailable {
					t.Errorf("%+v", f)
				}
				t.Log(f.Text)
			}
		})
	}
}

// faultStorm starts and registers while signals come.
var faultStorm = lifeProgram("fault-storm", func(ctx context.Context) (list []faultReport, err error) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	over, stopped := make(chan struct{}), make(chan int)
	go func() {
		sent := 0
		for ; ; sent++ {
			select {
			case <-over:
				stopped <- sent
				return
			default:
			}
			_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		}
	}()
	for range 20 {
		list = append(list, faultTry(ctx, faultCommand()))
	}
	close(over)
	if sent := <-stopped; sent < 100 {
		list = append(list, faultReport{Func: faultError{Text: "too few signals"}})
	}
	return list, faultNobody(ctx)
})

// EINTR is nobody's error.
func TestSignalsWhileStarting(t *testing.T) {
	t.Parallel()
	for _, r := range lifeRun[[]faultReport](t, programCommand(t, faultStorm)) {
		if r.Func.Text+r.Command.Text+r.Track.Text != "" {
			t.Errorf("%+v", r)
		}
	}
}
