package line

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// sockets are the transport to another process.
//
// A descriptor that the runtime's poller knows wakes a thread of this process for
// whatever arrives, whether anybody waits by the poller or not, and on another
// processor, which makes a round trip ten times as long. So the poller gets to
// know of the socket only while tasks take their time; see recv.
type sockets struct {
	fd    int // does not block
	ctl   *os.File
	quick int // replies in a row that came quickly, while there is a waiter

	mu          sync.Mutex // guards what follows
	waiter      *os.File   // a duplicate that the poller knows, or nil
	interrupted bool
	closed      bool
}

// patience is how long a reply is awaited in the kernel, which costs a thread but
// no way through the scheduler.
const patience = 100 * time.Microsecond

// quickReplies is how many have to come in less than that until the poller is
// given up again.
const quickReplies = 8

// patient bounds how many threads wait like that at once.
var patient = make(chan struct{}, 4)

func (s *sockets) send(p []byte) (int, error) {
	n, err := sys.TryWrite(s.fd, p)
	if errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return n, err
}

// recvNow returns zero and no error if there is nothing.
func (s *sockets) recvNow(p []byte) (int, error) {
	n, err := sys.Read(s.fd, p)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return 0, nil
	case err == nil && n == 0:
		err = io.EOF
	}
	return n, err
}

func (s *sockets) recv(p []byte) (int, error) {
	if s.waiter == nil && s.awaitQuick() {
		if n, err := s.recvNow(p); n > 0 || err != nil {
			return n, err
		}
	}
	start := time.Now()
	for {
		n, err := s.recvNow(p)
		if n > 0 && time.Since(start) < patience {
			if s.quick++; s.quick >= quickReplies {
				s.dropWaiter()
			}
		} else {
			s.quick = 0
		}
		if n > 0 || err != nil {
			return n, err
		}
		if err := s.await(false); err != nil {
			return 0, err
		}
	}
}

// awaitQuick reports whether something can be read, or was not waited for.
func (s *sockets) awaitQuick() bool {
	select {
	case patient <- struct{}{}:
		defer func() { <-patient }()
		return sys.AwaitInput(s.fd, patience)
	default:
		return true
	}
}

func (s *sockets) awaitRoom() error { return s.await(true) }

// await waits by the poller until something can be read, or sent.
func (s *sockets) await(send bool) error {
	conn, err := s.getWaiter()
	if err != nil && !errors.Is(err, ErrInterrupted) { // this process is short of descriptors
		sys.AwaitInput(s.fd, time.Millisecond)
		return nil // whoever waits looks again
	}
	if err != nil {
		return err
	}
	tried := false
	ready := func(fd uintptr) bool {
		// What has happened before the poller got to know of it, it may not tell.
		now := tried || sys.Ready(int(fd), send)
		tried = true
		return now
	}
	if send {
		err = conn.Write(ready)
	} else {
		err = conn.Read(ready)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrInterrupted
	}
	return err
}

func (s *sockets) getWaiter() (syscall.RawConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interrupted {
		return nil, ErrInterrupted
	}
	if s.waiter == nil {
		fd, err := sys.Duplicate(s.fd)
		if err != nil {
			return nil, err
		}
		sys.Reserve(fd)
		s.waiter = os.NewFile(uintptr(fd), "tasks")
	}
	return s.waiter.SyscallConn()
}

func (s *sockets) dropWaiter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quick = 0
	if s.waiter != nil {
		sys.CloseReserved(s.waiter)
		s.waiter = nil
	}
}

func (s *sockets) interrupt(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = on
	if s.waiter != nil {
		var at time.Time
		if on {
			at = time.Unix(1, 0)
		}
		_ = s.waiter.SetDeadline(at) // never fails for what the poller knows
	}
}

// cancel does not wait: a worker that does not read is killed later on.
func (s *sockets) cancel(p []byte) {
	if conn, err := s.ctl.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { _, _ = sys.TryWrite(int(fd), p) })
	}
}

func (s *sockets) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		sys.StopWriting(s.fd)
	}
}

func (s *sockets) close() {
	s.dropWaiter()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	sys.Unreserve(s.fd)
	_ = sys.Close(s.fd)
	sys.CloseReserved(s.ctl)
}
