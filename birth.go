package multiproc

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"multiproc/internal/boot"
	"multiproc/internal/crash"
	"multiproc/internal/settings"
	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// birth is what this process knows of its own start, found out before any
// other package that imports this one is initialised.
var birth = claim()

// A childhood is the child's side of being a child.
type childhood struct {
	fd     int // of the control socket; -1 in a process that is no child
	err    error
	in     *bufio.Reader
	out    sync.Mutex
	file   *os.File // the socket once the poller serves it
	frames *wire.Writer
	record atomic.Pointer[boot.Record]
	files  inheritance
	rights []int // descriptors that came with the frames, in a spare

	grown   atomic.Bool // it knows who it is, and is about to run its function
	waiting atomic.Bool // for an identity: whoever makes it false decides what comes of it
}

// claim makes this process the child that its parent wanted, if it is one:
// who it is, what its os.Args are, where its last words go.
func claim() *childhood {
	fd, err := boot.Claim()
	if fd < 0 {
		return &childhood{fd: -1}
	}
	sys.Reserve(fd)
	c := &childhood{fd: fd, err: err}
	orphan := errors.Is(err, boot.ErrOrphan) && sys.Readable(fd) // who was detached has all it needs
	if err != nil && !orphan {
		return c
	}
	c.in = bufio.NewReader(c)
	c.frames = wire.NewWriter(c)
	r, err := c.readRecord()
	if err == nil && orphan && !r.Detached {
		r, err = nil, boot.ErrOrphan
	}
	c.record.Store(r)
	c.err = err
	return c
}

// limit on a record: what exec itself would take in arguments, with room.
const maxRecord = 64 << 20

func (c *childhood) readRecord() (*boot.Record, error) {
	frame, err := wire.ReadFrame(c.in, maxRecord)
	switch {
	case errors.Is(err, io.EOF):
		return nil, boot.ErrOrphan
	case err != nil:
		return nil, err
	case frame.Kind != wire.Boot:
		return nil, ErrProtocol
	}
	r, err := boot.Decode(frame.Payload)
	if err != nil {
		return nil, err
	}
	c.adopt(r)
	os.Args = r.Args
	settings.Restore(r.Restore)
	sys.SetName(r.Name)
	return r, nil
}

// adopt keeps to this process the descriptors that it was given, which came
// here by exec, and closes whatever else came in that way.
func (c *childhood) adopt(r *boot.Record) {
	if r.CrashFD >= 0 {
		_ = crash.Capture(r.CrashFD, r.CrashSlot) // without it the text goes to stderr alone
		_ = sys.Close(r.CrashFD)
	}
	if r.Tracker > 0 {
		deafen()
		sys.CloseOnExec(r.Tracker)
	}
	if r.Door > 0 {
		sys.CloseOnExec(r.Door)
	}
	c.files.adopt(r.Files, func(n int) int { return r.FirstFile + n })
	_ = sys.CloseInherited() // without /proc they stay, as in every program started by os/exec
}

func init() {
	if r := birth.record.Load(); r != nil {
		become(r)
		parent = strangerProcess(r.ParentName, os.Getppid())
	}
}

// become makes this process the one that the record speaks of.
func become(r *boot.Record) {
	p := ownProcess(r.Name, r.Path)
	p.daemon, p.detached, p.grace = r.Daemon, r.Detached, r.Grace
	current.Store(p)
}

// Read reads the control socket: blocking at first, which costs nothing, and
// through the poller once the function runs.
func (c *childhood) Read(p []byte) (int, error) {
	var n int
	var err error
	if c.file == nil {
		n, err = c.await(p)
	} else {
		n, err = c.hear(p)
	}
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

// await reads, and waits in the system call for that. A spare is given its
// descriptors along with its identity.
func (c *childhood) await(p []byte) (n int, err error) {
	if r := c.record.Load(); r == nil || !r.Spare {
		return sys.Read(c.fd, p)
	}
	n, fds, err := sys.AwaitRights(c.fd, p)
	c.rights = append(c.rights, fds...)
	return n, err
}

func (c *childhood) hear(p []byte) (n int, err error) {
	conn, err := c.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	rerr := conn.Read(func(fd uintptr) bool {
		n, err = exit.wish.hear(func() (int, error) { return sys.RecvNow(int(fd), p) })
		return !errors.Is(err, syscall.EAGAIN)
	})
	return n, errors.Join(err, rerr)
}

// poll hands the socket to the poller.
func (c *childhood) poll() (err error) {
	c.out.Lock()
	defer c.out.Unlock()
	c.file, err = sys.Pollable(c.fd, "control")
	return err
}

func (c *childhood) Write(p []byte) (int, error) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.file == nil {
		return len(p), sys.WriteAll(c.fd, p)
	}
	return c.file.Write(p)
}
