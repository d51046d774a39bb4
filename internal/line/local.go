package line

import "sync"

// Local makes a line to a worker in this process. Its Worker is made by worker,
// once.
func Local() (l *Line, worker func(Settings) *Worker) {
	m := newMemory()
	p := privatePage()
	return newLine(m, p), func(s Settings) *Worker { return newWorker(&far{m}, p, s) }
}

// memory is both ways between two goroutines. There is always room.
type memory struct {
	mu          sync.Mutex
	cond        sync.Cond
	tasks       []byte
	cancels     []byte
	outcomes    []byte
	interrupted bool
	closed      bool // by the pool
	ended       bool // the worker takes no more
}

func newMemory() *memory {
	m := &memory{}
	m.cond.L = &m.mu
	return m
}

func (m *memory) send(p []byte) (int, error) {
	m.change(func() { m.tasks = append(m.tasks, p...) })
	return len(p), nil
}

func (m *memory) cancel(p []byte)   { m.change(func() { m.cancels = append(m.cancels, p...) }) }
func (m *memory) interrupt(on bool) { m.change(func() { m.interrupted = on }) }
func (m *memory) end()              { m.change(func() { m.closed = true }) }
func (m *memory) close()            { m.end() }
func (m *memory) awaitRoom() error  { return nil }

func (m *memory) change(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
	m.cond.Broadcast()
}

func (m *memory) recv(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.outcomes) == 0 && !m.interrupted {
		m.cond.Wait()
	}
	if len(m.outcomes) > 0 {
		return take(&m.outcomes, p), nil
	}
	return 0, ErrInterrupted
}

func (m *memory) recvNow(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return take(&m.outcomes, p), nil
}

func take(from *[]byte, p []byte) int {
	n := copy(p, *from)
	if *from = (*from)[n:]; len(*from) == 0 {
		*from = nil
	}
	return n
}

// far is the worker's side of a memory.
type far struct{ m *memory }

func (f *far) read(p []byte) (int, error)       { return f.await(&f.m.tasks, p), nil }
func (f *far) readCancel(p []byte) (int, error) { return f.await(&f.m.cancels, p), nil }

func (f *far) await(from *[]byte, p []byte) int {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	for len(*from) == 0 && !f.m.closed && !f.m.ended {
		f.m.cond.Wait()
	}
	if f.m.ended {
		return 0
	}
	return take(from, p)
}

func (f *far) write(p []byte) error {
	f.m.change(func() { f.m.outcomes = append(f.m.outcomes, p...) })
	return nil
}

func (f *far) end() { f.m.change(func() { f.m.ended = true }) }
