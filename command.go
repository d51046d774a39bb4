package multiproc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// StartCommand starts any program with the life of a child process: it is
// joined or terminated when this process exits, its end is known to every
// waiter, and waiting for it costs no thread. cmd describes it and belongs to
// the Process from then on: do not call its methods. It must not have been
// started, and have no context (CommandContext), Cancel or WaitDelay of its own, nor a
// pipe made by StdinPipe, StdoutPipe or StderrPipe, which only cmd.Wait could close.
//
// Of opts only Name, Daemon, Detached and Grace may be set: environment,
// directory, streams and files are cmd's. It inherits what a program started by
// os/exec does: its streams, cmd.ExtraFiles, and whatever this process has
// without close-on-exec, which is nothing that Go opened. ctx is the program's life, as for
// [Func.Start].
//
// The program gets a process group of its own, unless cmd.SysProcAttr is set or
// its Stdin is a terminal; one that is Detached gets a session in any case but
// the first. Terminate and Kill reach the whole group, which ends with a program
// that was ended from here: what is left of it gets SIGTERM, and SIGKILL when
// Grace is over. If the program ended by itself its background processes go on,
// until this process exits in order: then they end in the same way, unless it
// was Detached. (Below Linux 6.9, and on other systems, a group can only be
// reached while its leader has not been waited for: what is left then is on its
// own.) A process that has left the group is out of reach. Wait and Join return once
// its output was copied, but no later than Grace (at least a second) and a
// second after its end, since a descendant of it may hold the pipe, and a reader
// that is its Stdin may never return.
func StartCommand(ctx context.Context, cmd *exec.Cmd, opts Options) (*Process, error) {
	started, err := mayStart(ctx)
	if err != nil {
		return nil, err
	}
	defer started()
	if err := checkCommand(cmd, &opts); err != nil {
		return nil, err
	}
	watchOOMKills()
	opts.Name = cmp.Or(opts.Name, filepath.Base(cmd.Path))
	p := newChild(&opts)
	cmd.WaitDelay = copyTime(p.grace)
	if cmd.SysProcAttr == nil && (p.detached || !isTerminal(cmd.Stdin)) {
		cmd.SysProcAttr = sys.OwnGroup(p.detached)
	}
	if err := cmd.Start(); err != nil {
		cmd.WaitDelay = 0 // so that os/exec says why it can't be tried again
		return nil, fmt.Errorf("multiproc: start %s: %w", opts.Name, sys.BlameDir(cmd.Dir, err))
	}
	c := &commandChild{Process: p, cmd: cmd, proc: sys.Watch(cmd.Process)}
	c.proc.Leader = sys.LeadsGroup(cmd.SysProcAttr)
	c.run(ctx)
	return p, nil
}

func checkCommand(cmd *exec.Cmd, opts *Options) error {
	if err := opts.check(); err != nil {
		return err
	}
	switch {
	case cmd.Process != nil:
		return errors.New("multiproc: StartCommand: cmd has been started already")
	case cmd.Cancel != nil || cmd.WaitDelay != 0:
		return errors.New("multiproc: StartCommand: cmd has a context, Cancel or WaitDelay of its own: give ctx and Options.Grace")
	case hasPipes(cmd):
		return errors.New("multiproc: StartCommand: cmd has a pipe of StdinPipe, StdoutPipe or StderrPipe: set Stdin, Stdout or Stderr")
	case opts.Env != nil || opts.Dir != "" || opts.Stdin != nil || opts.Stdout != nil || opts.Stderr != nil || len(opts.Files) > 0:
		return fmt.Errorf("%w: StartCommand takes environment, directory, streams and files from cmd", errOptions)
	case opts.Method != DefaultMethod:
		return fmt.Errorf("%w: StartCommand has no start method", errOptions)
	}
	return nil
}

// hasPipes reports whether a pipe was made by a method of cmd: only Wait closes
// those, and closes them under whoever still reads. No method tells, and no
// test of Stdout: it is a file like any other.
func hasPipes(cmd *exec.Cmd) bool {
	pipes := reflect.ValueOf(cmd).Elem().FieldByName("parentIOPipes")
	return pipes.IsValid() && pipes.Len() > 0
}

func isTerminal(r any) bool {
	f, ok := r.(*os.File)
	if !ok || f == nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// A commandChild is a program while it runs.
type commandChild struct {
	*Process
	cmd  *exec.Cmd
	proc *sys.Proc

	told atomic.Bool // its group has had SIGTERM
}

func (c *commandChild) run(ctx context.Context) {
	p := c.Process
	p.pid = c.cmd.Process.Pid
	p.follow(c.proc.Leader, true)
	p.act = actions{
		signal: c.proc.Signal,
		ask:    c.terminate,
		kill:   func() error { return p.killGroup(c.proc) },
	}
	p.failure = newFailure(p)
	p.life.resolve(nil, nil) // there is no function to hear of
	family.add(p)
	forget := p.endWith(ctx)
	go c.reap(forget)
}

// terminate tells the group, also when only that is left.
func (c *commandChild) terminate(within time.Duration) error {
	if r := remnants.of(c.Process); r != nil {
		r.AskToEnd(within)
		return os.ErrProcessDone
	}
	c.told.Store(true)
	return c.proc.SignalGroup(syscall.SIGTERM)
}

// lastSignal is what the program's group gets when it has ended: nothing, if
// that was its own wish, or if the group has been told.
func (c *commandChild) lastSignal() syscall.Signal {
	if !c.life.wasAsked() || c.grace >= 0 && c.told.Load() {
		return 0
	}
	return c.Process.lastSignal()
}

// reap waits without a thread, makes the end known, and then has the os/exec
// package copy what is left of the output and close the pipes. Its own wait
// finds nobody any more, which is the error that is dropped.
func (c *commandChild) reap(forget func() bool) {
	status := statusOf(c.reapGroup(c.proc, c.lastSignal), c.life)
	forget()
	c.end(status, "")
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_ = c.cmd.Wait()
		_ = c.cmd.Process.Release()
	}()
	over := time.NewTimer(copyTime(c.grace) + time.Second) // it waits for a Stdin that never returns
	defer over.Stop()
	select {
	case <-copied:
	case <-over.C:
	}
	family.settle(c.Process)
}
