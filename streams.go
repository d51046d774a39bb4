package multiproc

import (
	"io"
	"os"
	"sync"
	"time"

	"multiproc/internal/sys"
)

// streams are the standard streams of a child that is being started.
type streams struct {
	fds    [3]int
	null   int            // the null device, -1 until it is needed
	held   []*os.File     // whose numbers are in fds: used until the child is started
	theirs []*os.File     // the child's ends of pipes, closed after the start
	ours   []*os.File     // our ends
	copies []func()       // what copies, once the child runs
	wg     sync.WaitGroup // of the copies
}

// openStreams prepares the streams that opts ask for. On error nothing is left
// open.
func openStreams(opts *Options) (*streams, error) {
	s := &streams{null: -1}
	err := s.input(opts.Stdin)
	if err == nil {
		err = s.output(1, opts.Stdout)
	}
	if err == nil && opts.Stderr != nil && sameWriter(opts.Stdout, opts.Stderr) {
		s.fds[2] = s.fds[1] // one pipe keeps the order
	} else if err == nil {
		err = s.output(2, opts.Stderr)
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// inheritsNonblock reports whether the child has a stream of this process's that
// does not block. A spare has had it in its poller since its birth, and can't put
// it there again.
func (s *streams) inheritsNonblock() bool {
	for n, fd := range s.fds {
		if fd == n && sys.IsNonblock(n) {
			return true
		}
	}
	return false
}

// sameWriter is a == b for what can be compared, as os/exec has it.
func sameWriter(a, b io.Writer) bool {
	defer func() { _ = recover() }()
	return a == b
}

func (s *streams) input(r io.Reader) error {
	switch r := r.(type) {
	case nil:
		return s.useNull(0)
	case *os.File:
		return s.use(0, r)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	s.pipe(theirs, ours)
	s.copies = append(s.copies, func() {
		_, _ = io.Copy(ours, r) // a child that does not read to the end is no error
		sys.CloseReserved(ours)
	})
	return s.use(0, theirs)
}

func (s *streams) output(n int, w io.Writer) error {
	switch w := w.(type) {
	case nil:
		if !sys.IsOpen(n) { // the program closed its own
			return s.useNull(n)
		}
		s.fds[n] = n
		return nil
	case *os.File:
		return s.use(n, w)
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	s.pipe(theirs, ours)
	s.wg.Add(1)
	s.copies = append(s.copies, func() {
		defer s.wg.Done()
		_, _ = io.Copy(w, ours) // the writer's error is the writer's
		sys.CloseReserved(ours)
	})
	return s.use(n, theirs)
}

// pipe keeps the ends of a pipe. The child's must block, which os.Pipe's don't:
// a crash text would be cut where the pipe is full, and programs that the child
// starts would fail with EAGAIN.
func (s *streams) pipe(theirs, ours *os.File) {
	theirs.Fd() // has that effect, and nobody else has this end
	s.theirs = append(s.theirs, theirs)
	s.ours = append(s.ours, ours)
	sys.ReserveFile(ours)
}

func (s *streams) useNull(n int) error {
	if s.null < 0 {
		fd, err := sys.OpenNull()
		if err != nil {
			return err
		}
		s.null = fd
	}
	s.fds[n] = s.null
	return nil
}

// use notes the number of a file without File.Fd, which would make a pipe
// blocking for everybody who shares it.
func (s *streams) use(n int, f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	s.held = append(s.held, f)
	return conn.Control(func(fd uintptr) { s.fds[n] = int(fd) })
}

// started begins the copying and lets go of what is the child's.
func (s *streams) started() {
	for _, copying := range s.copies {
		go copying()
	}
	s.closeTheirs()
}

// copyTime is how long the output of a process that has ended may take to be
// copied: a descendant may hold the pipe. That a child gets no time to end does
// not mean that what it wrote is lost.
func copyTime(grace time.Duration) time.Duration { return max(grace, time.Second) }

// finish waits for the output of a process that has ended.
func (s *streams) finish(grace time.Duration) {
	if len(s.ours) == 0 {
		return
	}
	copied := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(copied)
	}()
	over := time.NewTimer(copyTime(grace))
	defer over.Stop()
	select {
	case <-copied:
		s.closeOurs()
		return
	case <-over.C:
	}
	s.closeOurs() // ends what still reads; what is read already is the writer's
	over.Reset(copyTime(grace))
	select {
	case <-copied:
	case <-over.C: // in a Write that does not return
	}
}

func (s *streams) closeTheirs() {
	closeAll(s.theirs)
	if s.null >= 0 {
		_ = sys.Close(s.null)
	}
}

func (s *streams) closeOurs() {
	for _, f := range s.ours {
		sys.CloseReserved(f)
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// abandon closes everything for a child that was not started.
func (s *streams) abandon() {
	s.closeTheirs()
	s.closeOurs()
}
