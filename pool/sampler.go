package pool

import (
	"sync"
	"time"

	"multiproc/internal/sys"
)

// sampleEvery is how often the memory of workers is looked at.
const sampleEvery = 20 * time.Millisecond

// A sampler kills workers that are over their memory limit. It looks only while
// there is a limit and a task runs.
type sampler struct {
	pool    *core
	mu      sync.Mutex
	workers map[*worker]struct{} // that have work
	running bool
}

func (s *sampler) begin(w *worker) {
	if s.pool.opts.MemoryLimit == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workers == nil {
		s.workers = make(map[*worker]struct{})
	}
	s.workers[w] = struct{}{}
	w.since = time.Now()
	if !s.running {
		s.running = true
		time.AfterFunc(sampleEvery, s.look)
	}
}

// end reports whether the worker is over its limit: the next task would be
// blamed for that. In a moment it can't have taken much.
func (s *sampler) end(w *worker) (over bool) {
	if s.pool.opts.MemoryLimit == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.workers, w)
	return time.Since(w.since) > time.Millisecond && s.over(w)
}

func (s *sampler) over(w *worker) bool {
	if !w.proc.Alive() || w.local {
		return false
	}
	size, err := sys.Resident(w.proc.PID())
	return err == nil && size > s.pool.opts.MemoryLimit
}

func (s *sampler) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.workers) == 0 {
		s.running = false
		return
	}
	for w := range s.workers {
		if s.over(w) {
			w.kill(ErrOutOfMemory) // under the lock, so that it can't be another task's turn
		}
	}
	time.AfterFunc(sampleEvery, s.look)
}
