package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"multiproc"
	"multiproc/internal/sys"
	"multiproc/tracker"
)

// A faultError is an error as a report has it.
type faultError struct {
	Text        string
	Errno       int // of syscall, which does not cross
	Unavailable bool
}

func faultOf(err error) (f faultError) {
	if err != nil {
		f.Text = err.Error()
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			f.Errno = int(errno)
		}
		f.Unavailable = errors.Is(err, tracker.ErrUnavailable)
	}
	return f
}

// A faultReport is what came of one of each.
type faultReport struct{ Func, Command, Track faultError }

// faultTry starts a function and a program, and registers something.
func faultTry(ctx context.Context, command *exec.Cmd) (r faultReport) {
	_, err := square.Call(ctx, 3)
	r.Func = faultOf(err)
	p, err := multiproc.StartCommand(ctx, command, multiproc.Options{})
	if err == nil {
		err = p.Wait(ctx)
	}
	r.Command = faultOf(err)
	if err = tracker.File.Register("fault"); err == nil {
		err = tracker.File.Unregister("fault")
	}
	r.Track = faultOf(err)
	return r
}

func faultCommand() *exec.Cmd { return exec.Command("/bin/sh", "-c", "exit 0") }

// faultHolds is what a fault must not leave: descriptors, goroutines, what is
// reserved, and children.
type faultHolds struct{ Descriptors, Goroutines, Reserved, Children int }

// faultLook waits until no more is held than before, if there is a before, and
// returns what is.
func faultLook(before *faultHolds) (now faultHolds, err error) {
	pause := time.Millisecond
	for net := time.Now().Add(10 * time.Second); ; time.Sleep(pause) {
		pause = min(2*pause, 50*time.Millisecond)
		multiproc.SettleSpares() // what they take is not lost
		runtime.GC()             // what finalizers close counts as closed
		held, err := lifeHolds()
		if err != nil {
			return now, err
		}
		now = faultHolds{held.Descriptors, runtime.NumGoroutine(), len(sys.Reserved()), len(multiproc.ActiveChildren())}
		list, most := now.list(), now.list()
		if before != nil {
			most = before.list()
		}
		if slices.EqualFunc(list, most, func(a, b int) bool { return a <= b }) {
			return now, nil
		}
		if time.Now().After(net) {
			return now, fmt.Errorf("%+v became %+v", *before, now)
		}
	}
}

func (h faultHolds) list() []int { return []int{h.Descriptors, h.Goroutines, h.Reserved, h.Children} }

func (h faultHolds) most(g faultHolds) faultHolds {
	return faultHolds{
		max(h.Descriptors, g.Descriptors), max(h.Goroutines, g.Goroutines),
		max(h.Reserved, g.Reserved), max(h.Children, g.Children),
	}
}

// faultNobody takes leave of the tracker and tells of a child that is left.
func faultNobody(ctx context.Context) error {
	err := multiproc.Cleanup(ctx)
	if pid, werr := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(werr, syscall.ECHILD) {
		err = errors.Join(err, fmt.Errorf("there is a process: wait4 = %d, %w", pid, werr))
	}
	if n := len(sys.Reserved()); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d descriptors are reserved", n))
	}
	return err
}
