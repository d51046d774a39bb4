package track

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A link carries frames, and descriptors where the stream is a socket. Sending
// never waits: what there is no room for goes later, in order.
type link struct {
	rw     io.ReadWriteCloser
	in     *bufio.Reader
	rights []int // that have arrived and were not taken; -1 for one that was lost, and all after it

	// For the reader, and who waits for that one.
	parted bool // the tracker has said that its work is done
	kept   bool // but that it does not forget this process, for its children

	// For how long the other side may read nothing while something is queued, or
	// the link breaks. Zero: for ever, as it may have been stopped.
	patience time.Duration

	mu      sync.Mutex
	queue   []*parcel // what is not sent yet; while it is not empty somebody sends
	err     error
	ending  bool // nothing more is taken
	closed  bool // what is queued is dropped
	drained sync.WaitGroup
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
	l.keep(fds)
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

// keep adds what has arrived. Once something was lost nobody knows which frames
// the later ones belong to.
func (l *link) keep(fds []int) {
	for _, fd := range fds {
		if n := len(l.rights); n == 0 || l.rights[n-1] >= 0 {
			l.rights = append(l.rights, fd)
		} else if fd >= 0 {
			_ = sys.Close(fd)
		}
	}
}

// take returns the next descriptor that has arrived, -1 if there is none. It
// is the caller's.
func (l *link) take() int {
	if len(l.rights) == 0 || l.rights[0] < 0 {
		return -1
	}
	fd := l.rights[0]
	l.rights = l.rights[1:]
	return fd
}

// breakLocked makes an error of the sender known to the reader. If the other side
// has hung up, the reader learns of that by itself, after what it said before.
func (l *link) breakLocked(err error) {
	l.err = err
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		l.closeStream()
	}
}

func (l *link) closeStream() {
	if file, ok := l.rw.(*os.File); ok {
		sys.CloseReserved(file)
	} else {
		_ = l.rw.Close() // it may have been closed already
	}
}

// failure returns what made sending impossible, nil for nothing.
func (l *link) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
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
	l.closeStream()
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
