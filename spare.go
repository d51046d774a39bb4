package multiproc

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"multiproc/internal/boot"
	"multiproc/internal/crash"
	"multiproc/internal/sys"
	"multiproc/internal/track"
	"multiproc/internal/wire"
)

// A spare is a process of this binary that has been through package
// initialisation and Preload, and waits to become a child.
type spare struct {
	proc *sys.Proc
	ctl  *control
	slot *crash.Slot
	tie  *track.Child
	born *legacy

	held  bool                    // by a start; under the stock's mu
	child atomic.Pointer[Process] // that it shall become
	taken chan struct{}           // closed when it has become that
	read  chan struct{}           // closed when it has nothing more to say

	judging sync.Mutex
	judged  bool // it has had its time, and what it has said by now counts

	leaving sync.Once   // it was told to leave
	late    *time.Timer // which kills it then

	failure error // of its preload; set before read is closed
}

const spareName = "spare"

// spareGrace is how long a spare may take to leave.
const spareGrace = time.Second

// newSpare starts one. It is in nobody's family.
func newSpare() (*spare, error) {
	s, err := bareSpare()
	if err != nil {
		return nil, err
	}
	// What can't be tied hears of our death by itself. Most children have that grace.
	s.tie, _ = track.Follow(s.proc.PID, true, false, DefaultGrace)
	return s, nil
}

func bareSpare() (*spare, error) {
	sys.Opening.RLock()
	defer sys.Opening.RUnlock()
	prog, err := program()
	if err != nil {
		return nil, err
	}
	born, _, err := legacyNow()
	if err != nil {
		return nil, err
	}
	std, err := openStreams(&Options{})
	if err != nil {
		return nil, err
	}
	defer std.closeTheirs()
	s := &spare{slot: crashes.Take(), born: born, taken: make(chan struct{}), read: make(chan struct{})}
	c := &funcChild{Process: &Process{name: spareName}, std: std, slot: s.slot}
	record := &boot.Record{
		Build: funcs.fingerprint(), Name: spareName, ParentName: self().name, Args: firstArgs, Grace: spareGrace,
		CrashFD: -1, Spare: true, Umask: -1, Restore: born.restore, Log: born.log,
	}
	spec := &sys.Spec{Path: prog.path, Argv: prog.argv(spareName), Env: born.env}
	if err := c.launch(spec, record, &heritage{}, func() *letter { return newSummons(record) }); err != nil {
		s.slot.Release()
		return nil, err
	}
	s.proc, s.ctl = c.proc, c.ctl
	return s, nil
}

// serve hears what the spare says: that it is ready, and later what a child says.
func (s *spare) serve(ready func()) {
	defer close(s.read)
	logs := &Process{name: spareName}
	s.ctl.serve(func(frame wire.Frame) error {
		switch {
		case isClosed(s.taken):
			return s.child.Load().hear(frame)
		case frame.Kind == wire.Ready:
			ready()
		case frame.Kind == wire.Run:
			s.judging.Lock()
			if s.judged { // it is a child from here on, and has more to say
				_ = s.ctl.file.SetReadDeadline(time.Time{})
			}
			close(s.taken)
			s.judging.Unlock()
		case frame.Kind == wire.Failure:
			s.failure = failureOf(frame.Payload)
		case frame.Kind == wire.Log:
			return logs.hear(frame)
		}
		return nil
	})
}

// handOut makes the spare a child, and reports whether it has become one. Else
// nothing of the function has run.
func (s *spare) handOut(c *funcChild, record *boot.Record, arg []byte, rights []int) bool {
	s.child.Store(c.Process)
	s.tie.SetGrace(c.grace) // before anything of the function runs: this process may die any time
	l := newLetter(record, arg)
	n, err := sendRights(s.ctl.file, l.early, rights)
	if err != nil || n == 0 {
		return false
	}
	l.early = l.early[n:]
	s.ctl.send(l)
	if !s.became() {
		return false
	}
	c.proc, c.ctl, c.slot, c.spare = s.proc, s.ctl, s.slot, s
	return true
}

// patience is how long a spare may take to answer, before it is halted and after
// that.
const patience = 100 * time.Millisecond

// became waits for the spare to become a child. One that does not answer is
// halted: then it has said so by now, or never will.
func (s *spare) became() bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	for halted := false; ; halted = true {
		select {
		case <-s.taken:
			// Whoever stopped the spare did not mean the child. It may have
			// answered before the signal took hold of it.
			_ = s.proc.Resume()
			return true
		case <-s.read: // it has died
			return isClosed(s.taken)
		case <-late.C:
		}
		if halted {
			break
		}
		_ = s.proc.Halt() // gone is as good, here and below
		late.Reset(patience)
	}
	s.judge()
	select {
	case <-s.taken:
	case <-s.read:
	}
	if isClosed(s.taken) {
		_ = s.proc.Resume()
		return true
	}
	_ = s.proc.KillGroup()
	return false
}

// judge ends the wait for what a halted spare says, but not before all that it has
// said was read: this process may be the one that is slow.
func (s *spare) judge() {
	s.judging.Lock()
	defer s.judging.Unlock()
	if !isClosed(s.taken) {
		s.judged = true
		s.ctl.drain()
	}
}

// dismiss asks the spare to leave, and kills it when its time is over.
func (s *spare) dismiss() {
	s.leaving.Do(func() {
		s.late = time.AfterFunc(spareGrace, func() { _ = s.proc.KillGroup() })
		s.ctl.shut()
	})
}

// bury waits for the end of a spare that was dismissed, lets go of what it had,
// and says what it died of.
func (s *spare) bury() error {
	exit, _ := s.proc.Reap(func() syscall.Signal { return syscall.SIGKILL })
	s.late.Stop()
	s.proc.Release()
	s.ctl.drain()
	<-s.read
	sys.CloseReserved(s.ctl.file)
	s.tie.Gone()
	if s.failure == nil {
		s.failure = &ExitError{Name: spareName, PID: s.proc.PID, Crash: s.slot.Text(), Status: statusOf(exit, newLife())}
	}
	s.slot.Release()
	return s.failure
}

// sendRights writes what there is room for, with descriptors, and never waits.
func sendRights(file *os.File, p []byte, fds []int) (n int, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := conn.Control(func(fd uintptr) { n, err = sys.SendRights(int(fd), p, fds) })
	return n, errors.Join(err, cerr)
}
