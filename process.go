package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"multiproc/internal/track"
)

// A Process is a process of this family: a child started by this process, this
// process itself ([CurrentProcess]) or its parent ([ParentProcess]). Its
// methods are safe for concurrent use, and everybody who waits learns the same.
type Process struct {
	name     string
	path     string // "1:2", see boot.Record
	pid      int
	daemon   bool
	detached bool
	grace    time.Duration

	act     actions
	life    *life
	failure *failure     // nil but for children
	tie     *track.Child // to the life of this process; nil where there is none
}

// actions are what can be done to a process. Each knows by itself that the
// process is gone.
type actions struct {
	signal func(sig syscall.Signal) error

	// ask wants the process to end within that time.
	ask func(within time.Duration) error

	kill func() error // the process and its group; nil: by signal

	uninterrupted bool // SIGINT does nothing to it: a function's process
}

// Name returns the name: MainProcess, Process-1, Process-1:2, or what Options
// said.
func (p *Process) Name() string { return p.name }

// PID returns the process id. It stays the same when the process has ended, and
// may be somebody else's then: signal through the Process, not by number.
func (p *Process) PID() int { return p.pid }

// Daemon reports whether the process is terminated when its parent exits.
func (p *Process) Daemon() bool { return p.daemon }

// Alive reports whether the process has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.life.ended:
		return false
	default:
		return true
	}
}

// Done is closed when the process has ended and its status is known
// [sentinel]. The copying of its output may not be over: Join waits for that.
// It stays open for the process itself.
func (p *Process) Done() <-chan struct{} { return p.life.ended }

// String names the process and says how it is.
func (p *Process) String() string {
	state := "running"
	if s := p.life.peek(); s.Ended {
		state = s.String()
	}
	kind := ""
	if p.daemon {
		kind = " daemon"
	}
	return fmt.Sprintf("%s (pid %d%s, %s)", p.name, p.pid, kind, state)
}

// Join waits until the process has ended, however it ended, and its output was
// copied. It returns ctx's error if that ends first.
func (p *Process) Join(ctx context.Context) error {
	select { // an ended process wins over an ended ctx
	case <-p.life.settled:
		return nil
	default:
	}
	select {
	case <-p.life.settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wait waits as Join does, and returns nil if the process exited with code 0,
// else an *[ExitError]; or ctx's error.
func (p *Process) Wait(ctx context.Context) error {
	if err := p.Join(ctx); err != nil {
		return err
	}
	p.failure.asked()
	return p.exitError()
}

// exitError is nil for success.
func (p *Process) exitError() error {
	if s := p.life.peek(); !s.Success() {
		return &ExitError{Name: p.name, PID: p.pid, Status: s, Crash: p.life.crash, cause: p.life.why()}
	}
	return nil
}

// Status returns how the process ended, as far as it has.
func (p *Process) Status() ExitStatus {
	s := p.life.peek()
	if s.Ended {
		p.failure.asked()
	}
	return s
}

// ExitCode returns the exit code as Python says it, -N for signal N. It is not
// ok as long as the process runs, and if its status is lost.
func (p *Process) ExitCode() (code int, ok bool) { return p.Status().python() }

// Signal sends a signal to the process, and to nobody else: not to its group,
// and not to another process that got its pid. It returns os.ErrProcessDone if
// the process has ended.
func (p *Process) Signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("multiproc: signal %v: %w", sig, errors.ErrUnsupported)
	}
	send := func() error { return p.act.signal(s) }
	switch s {
	case syscall.SIGKILL:
		return p.life.ending(1, send)
	case syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT:
		return p.life.ending(0, send)
	case syscall.SIGINT:
		if !p.act.uninterrupted {
			return p.life.ending(0, send)
		}
	}
	return send()
}

// Terminate asks the process to end within its Grace, and does not wait. A
// child's function sees its ctx end (cause [ErrTerminated]) and has half of the
// time; finalizers and the child's own children have the rest; then it dies by
// SIGTERM, so that its exit code says -15. A program gets SIGTERM, with all of
// its process group. One that has ended already is no error. The process is not
// killed: see Stop.
func (p *Process) Terminate() error { return done(p.ask(max(0, p.grace))) }

func (p *Process) ask(within time.Duration) error {
	return p.life.ending(0, func() error { return p.act.ask(within) })
}

// Kill ends a child by SIGKILL, and with it all of the process group that it
// leads, also when only the group is left. Any other process is killed alone.
// One that has ended already is no error.
func (p *Process) Kill() error {
	if p.act.kill == nil {
		return done(p.Signal(syscall.SIGKILL))
	}
	return done(p.life.ending(1, p.act.kill))
}

func done(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Stop ends the process and waits until it has: it terminates, and kills when
// Grace is over, or earlier if ctx ends. The error is nil when the process has
// ended, however. One that must not be killed from here (a set-user-ID program)
// is EPERM; one that the kernel holds in a system call is ctx's error.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.stop(ctx); err != nil {
		return err
	}
	return p.Join(context.WithoutCancel(ctx)) // bounded by Grace
}
