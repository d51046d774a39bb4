package track

import (
	"errors"
	"os"
	"syscall"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A parcel is what is left to send of a frame.
type parcel struct {
	data []byte
	fds  []int // ours, until they are sent
}

// send sends a frame and copies of fds. A link that is broken swallows it: it
// is closed, and so the reader learns of that.
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
			l.breakLocked(err)
			return
		case n == len(p.data):
			return
		case n > 0: // the descriptors went with the first byte
			p.data, fds = p.data[n:], nil
		}
	}
	for _, fd := range fds {
		if own, err := sys.Dup(fd); err == nil {
			sys.Reserve(own)
			p.fds = append(p.fds, own)
		} else {
			p.close()
			l.breakLocked(err) // the other side would take the next one for it
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
			l.breakLocked(err)
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
	if l.patience > 0 {
		_ = file.SetWriteDeadline(time.Now().Add(l.patience))
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
		drop(fd)
	}
	p.fds = nil
}
