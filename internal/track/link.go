package track

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A link carries frames, and descriptors where the stream is a socket. Sending
// never waits: what there is no room for goes later, in order.
type link struct {
	rw     io.ReadWriteCloser
	in     *bufio.Reader
	rights []int // that have arrived and were not taken

	mu      sync.Mutex
	queue   []*parcel // what is not sent yet; while it is not empty somebody sends
	err     error
	ending  bool // nothing more is taken
	closed  bool // what is queued is dropped
	drained sync.WaitGroup
}

type parcel struct {
	data []byte
	fds  []int // ours, until they are sent
}

func newLink(rw io.ReadWriteCloser) *link {
	l := &link{rw: rw}
	l.in = bufio.NewReader(readerFunc(l.read))
	return l
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// read keeps the descriptors that come with the bytes. They come in the order
// of the frames that speak of them, at the latest with these.
func (l *link) read(p []byte) (n int, err error) {
	file, ok := l.rw.(*os.File)
	if !ok {
		return l.rw.Read(p)
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fds []int
	rerr := conn.Read(func(fd uintptr) bool {
		n, fds, err = sys.RecvRights(int(fd), p)
		return !errors.Is(err, syscall.EAGAIN)
	})
	l.rights = append(l.rights, fds...)
	if rerr != nil {
		return 0, rerr
	}
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

// receive reads a frame.
func (l *link) receive() (wire.Frame, error) { return wire.ReadFrame(l.in, maxFrame) }

// take returns the next descriptor that has arrived, -1 if there is none. It
// is the caller's.
func (l *link) take() int {
	if len(l.rights) == 0 {
		return -1
	}
	fd := l.rights[0]
	l.rights = l.rights[1:]
	return fd
}

// send sends a frame and copies of fds. A link that is broken swallows it: the
// reader learns of that.
func (l *link) send(kind wire.Kind, payload []byte, fds ...int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.ending {
		return
	}
	p := &parcel{data: wire.Append(nil, kind, payload)}
	if len(l.queue) == 0 {
		n, err := l.now(p.data, fds)
		switch {
		case err != nil && !errors.Is(err, syscall.EAGAIN):
			l.err = err
			return
		case n == len(p.data):
			return
		case n > 0: // the descriptors went with the first byte
			p.data, fds = p.data[n:], nil
		}
	}
	for _, fd := range fds {
		if own, err := sys.Dup(fd); err == nil {
			p.fds = append(p.fds, own)
		} else {
			l.err = err // the other side would take the next one for it
			return
		}
	}
	l.queue = append(l.queue, p)
	if len(l.queue) == 1 {
		l.drained.Add(1)
		go l.drain()
	}
}

// now writes what there is room for.
func (l *link) now(p []byte, fds []int) (n int, err error) {
	file, ok := l.rw.(*os.File)
	if !ok {
		return 0, syscall.EAGAIN // a stream without descriptors, which may block
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	if cerr := conn.Control(func(fd uintptr) { n, err = sys.SendRights(int(fd), p, fds) }); cerr != nil {
		return 0, cerr
	}
	return n, err
}

// drain sends what is queued.
func (l *link) drain() {
	defer l.drained.Done()
	for {
		l.mu.Lock()
		p := l.queue[0]
		if l.err != nil || l.closed {
			l.dropLocked()
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		err := l.wait(p)
		l.mu.Lock()
		if err != nil {
			l.err = err
			l.dropLocked()
			l.mu.Unlock()
			return
		}
		l.queue = l.queue[1:]
		empty := len(l.queue) == 0
		l.mu.Unlock()
		if empty {
			return
		}
	}
}

// wait sends one parcel, however long that takes.
func (l *link) wait(p *parcel) error {
	defer p.close()
	file, ok := l.rw.(*os.File)
	if !ok {
		_, err := l.rw.Write(p.data)
		return err
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	werr := conn.Write(func(fd uintptr) bool {
		for len(p.data) > 0 {
			var n int
			if n, err = sys.SendRights(int(fd), p.data, p.fds); err != nil {
				return !errors.Is(err, syscall.EAGAIN)
			}
			p.data = p.data[n:]
			p.close()
		}
		return true
	})
	return errors.Join(err, werr)
}

func (p *parcel) close() {
	for _, fd := range p.fds {
		_ = sys.Close(fd)
	}
	p.fds = nil
}

func (l *link) dropLocked() {
	for _, p := range l.queue {
		p.close()
	}
	l.queue = nil
}

// finish sends what is queued, nothing else, and then closes the stream.
func (l *link) finish() {
	l.mu.Lock()
	l.ending = true
	l.mu.Unlock()
	l.drained.Wait()
	l.close()
}

// close closes the stream, and waits for what still sends. What has arrived
// and was not taken is closed by the reader, with discard.
func (l *link) close() {
	l.mu.Lock()
	l.ending, l.closed = true, true
	l.mu.Unlock()
	if file, ok := l.rw.(*os.File); ok {
		sys.CloseReserved(file)
	} else {
		_ = l.rw.Close() // it may have been closed already
	}
	l.drained.Wait()
}

// discard closes descriptors that nobody took. The reader calls it last.
func (l *link) discard() {
	for fd := l.take(); fd >= 0; fd = l.take() {
		_ = sys.Close(fd)
	}
}

// alive reports whether there is somebody to send to.
func (l *link) alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err == nil && !l.ending
}
