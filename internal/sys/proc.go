package sys

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Spec describes a process to start.
type Spec struct {
	Path    string
	Argv    []string
	Dir     string   // empty: the caller's working directory
	Env     []string // the whole environment
	Files   []int    // Files[i] becomes descriptor i of the new process
	Session bool     // a session of its own, rather than a process group
}

// An Exit is how a process ended.
type Exit struct {
	Lost       bool // somebody else took the status, and the kernel has no copy
	Code       int  // exit code; -1 when a signal ended it
	Signal     syscall.Signal
	CoreDumped bool
	User, Sys  time.Duration // with those of its children that it waited for
	MaxRSS     int64         // bytes
}

// A Proc is a child of this process, held so that neither waiting for it nor
// signalling it can hit another process that got the same pid.
//
// Where there are pidfds, a waiting goroutine costs no thread. Elsewhere the
// os package keeps watch, with a thread for each.
type Proc struct {
	PID    int
	Leader bool // of a process group of its own, which has the number PID

	fd   *os.File    // the pidfd, in the runtime's poller; nil where there is none
	proc *os.Process // used where fd is nil

	last func() syscall.Signal // see Reap

	mu   sync.RWMutex // held for reading by who signals, for writing by what ends the pid's meaning
	gone bool         // the pid may belong to somebody else by now
}

// ErrProcessDone is os.ErrProcessDone.
var ErrProcessDone = os.ErrProcessDone

// Signal sends sig, or says ErrProcessDone.
func (p *Proc) Signal(sig syscall.Signal) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.signalLocked(sig)
}

func (p *Proc) signalLocked(sig syscall.Signal) error {
	if p.gone {
		return ErrProcessDone
	}
	if p.fd == nil {
		return p.proc.Signal(sig)
	}
	return p.pidfdSignal(sig, 0)
}

// Wait waits until the process has ended, takes its status, and releases what
// the Proc holds. It is called once, and Reap is not.
func (p *Proc) Wait() Exit {
	exit, _ := p.Reap(nil)
	p.Release()
	return exit
}

// Reap waits until the process has ended and takes its status. It is called
// once, and Release after it.
//
// What the process leaves behind in its group gets the signal that last
// returns, unless that is zero or last is nil. left says that there is somebody,
// and can be signalled: never on systems where the group of a process that was
// reaped can't be told from another one.
func (p *Proc) Reap(last func() syscall.Signal) (exit Exit, left bool) {
	p.last = last
	if p.fd == nil {
		p.awaitEnd()
		state, err := p.proc.Wait()
		exit = exitOf(state, err)
		p.forget()
	} else {
		exit = p.pidfdWait()
	}
	if last == nil || !p.keepsGroup() {
		return exit, false
	}
	return exit, p.SignalGroup(last()) == nil
}

// forget makes the pid mean nothing.
func (p *Proc) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
}

// Release lets go of the process and its group.
func (p *Proc) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	if p.fd != nil {
		CloseReserved(p.fd)
	}
}

// exitOf turns what os.Process.Wait said into an Exit.
func exitOf(state *os.ProcessState, err error) Exit {
	if err != nil || state == nil {
		return Exit{Lost: true}
	}
	exit := Exit{
		Code: state.ExitCode(),
		User: state.UserTime(),
		Sys:  state.SystemTime(),
	}
	fillExit(&exit, state)
	return exit
}

// startError makes what went wrong when a process was started say which file
// it was.
func startError(spec *Spec, err error) error {
	return BlameDir(spec.Dir, &fs.PathError{Op: "fork/exec", Path: spec.Path, Err: err})
}

// BlameDir returns the error of a failed start, as one of chdir if the working
// directory is what was wrong: a failed chdir and a failed exec have the same
// errno, and the os package tells them apart only without SysProcAttr.
func BlameDir(dir string, err error) error {
	var errno syscall.Errno
	if dir == "" || !errors.As(err, &errno) {
		return err
	}
	if _, statErr := os.Stat(dir + "/."); errors.Is(statErr, errno) { // which enters it, as chdir does
		return &fs.PathError{Op: "chdir", Path: dir, Err: errno}
	}
	return err
}
