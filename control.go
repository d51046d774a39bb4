package multiproc

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"multiproc/internal/remote"
	"multiproc/internal/seam"
	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// control is the parent's end of a child's control socket.
type control struct {
	file   *os.File
	writer *wire.Writer

	sending atomic.Bool // a letter is on its way
}

func newControl(file *os.File) *control {
	return &control{file: file, writer: wire.NewWriter(file)}
}

// Read reads what the child sends. Once the process has ended and drain was
// called it no longer waits: EOF may never come, for whatever the child
// started may hold the other end.
func (c *control) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	conn, err := c.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := conn.Control(func(fd uintptr) { n, err = sys.RecvNow(int(fd), p) })
	switch {
	case cerr != nil:
		return 0, cerr
	case err != nil || n == 0: // EAGAIN: nobody is left to send more
		return 0, io.EOF
	}
	return n, nil
}

func (c *control) drain() { _ = c.file.SetReadDeadline(time.Unix(1, 0)) }

// send sends what is left of a letter in the background. A child that dies on
// the way ends it: the socket is closed then.
func (c *control) send(l *letter) {
	if l.done() {
		return
	}
	c.sending.Store(true)
	go func() {
		defer c.sending.Store(false)
		l.rest(c.file, c.writer)
	}()
}

// shut lets the child read the end of what this process says.
func (c *control) shut() {
	conn, err := c.file.SyscallConn()
	if err == nil {
		_ = conn.Control(func(fd uintptr) { sys.StopWriting(int(fd)) }) // a dead child needs none
	}
}

// terminate tells the child by when it must have ended. A child whose argument
// is still on its way can't hear, and has only begun; one that is stopped and
// has been told often has no room left: the signal that follows must do.
func (c *control) terminate(deadline time.Duration) {
	if c.sending.Load() {
		return
	}
	_, _ = sendNow(c.file, wire.Append(nil, wire.Terminate, wire.AppendInt(nil, deadline))) // see letter.rest
}

// sendNow writes what there is room for, and never waits.
func sendNow(file *os.File, p []byte) (n int, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	if cerr := conn.Control(func(fd uintptr) { n, err = sys.SendNow(int(fd), p) }); cerr != nil {
		return 0, cerr
	}
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return n, err
}

// serve reads until the child has nothing more to say, or handle refuses it.
func (c *control) serve(handle func(wire.Frame) error) {
	defer func() { _, _ = io.Copy(io.Discard, c) }() // what can't write can't end
	for {
		frame, err := wire.ReadFrame(c, wire.MaxFrame)
		if err != nil {
			return
		}
		if handle(frame) != nil {
			return
		}
	}
}

// hear takes what a child says.
func (p *Process) hear(frame wire.Frame) error {
	switch frame.Kind {
	case wire.Result:
		p.life.resolve(frame.Payload, nil)
	case wire.Failure:
		p.life.resolve(nil, failureOf(frame.Payload))
	case wire.Log:
		seam.LogEmit(frame.Payload, p.name)
	default:
		p.life.resolve(nil, ErrProtocol)
		return ErrProtocol
	}
	return nil
}

// failureOf turns what a child says of its failure into an error.
func failureOf(payload []byte) error {
	f, err := remote.Decode(payload)
	if err != nil {
		return errors.Join(ErrProtocol, err)
	}
	return fromFailure(f)
}

// terminateByDeadline asks a Go child to end: by the socket, with the time
// that it has, and by the signal, for one that does not read.
func (c *control) terminateByDeadline(proc *sys.Proc, within time.Duration) error {
	c.terminate(sys.Monotonic() + within)
	return proc.Signal(syscall.SIGTERM)
}
