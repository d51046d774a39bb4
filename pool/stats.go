package pool

import (
	"errors"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are what a pool does and has done.
type Stats struct {
	Workers  int // that are there: Busy + Idle
	Busy     int
	Idle     int
	Starting int
	Queued   int // tasks, and Maps, that wait for a worker

	Done    uint64 // tasks that have their outcome
	Failed  uint64 // of them those with an error
	Retried uint64 // tasks that were begun again

	Started uint64 // workers
	Ended   Ended  // why workers have ended

	// StartFailures is how many times in a row workers could not be started, or
	// ended before they did anything; StartError is why the last one did.
	StartFailures int
	StartError    error

	Wait Latency // of Calls that had to wait for a worker
	Run  Latency // from a worker's getting a task until its outcome, in a Map the mean of those that came together
}

// Ended counts workers by why they ended.
type Ended struct {
	Retired     uint64 // MaxTasksPerWorker, Resize, Shutdown; or over MemoryLimit after its task
	Idle        uint64 // IdleTimeout
	TimedOut    uint64 // killed: TaskTimeout
	OutOfMemory uint64
	Died        uint64 // of themselves, or by others
	Cancelled   uint64 // killed: their task did not heed the end of its ctx, or Close
}

// Latency is a distribution. Its quantiles are exact to an eighth.
type Latency struct {
	Count          uint64
	Mean, P50, P99 time.Duration
	Max            time.Duration
}

type counters struct {
	done, failed, retried atomic.Uint64
	waited, ran           histogram

	mu    sync.Mutex
	ended Ended // but those that the crew counts
}

// finished counts the outcome of a task.
func (c *counters) finished(err error) {
	c.done.Add(1)
	if err != nil {
		c.failed.Add(1)
	}
}

// ended notes why w has.
func (c *counters) workerEnded(w *worker) {
	why := w.reason()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case why == ErrTaskTimeout: //nolint:errorlint // it is set as it is
		c.ended.TimedOut++
	case why == ErrOutOfMemory || errors.Is(w.err, ErrOutOfMemory): //nolint:errorlint // as above
		c.ended.OutOfMemory++
	case why != nil:
		c.ended.Cancelled++
	case w.err != errLeft: //nolint:errorlint // as above
		c.ended.Died++
	}
}

func (p *core) stats() Stats {
	crew := p.crew.Snapshot()
	c := &p.count
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	ended.Retired, ended.Idle = crew.Retired, crew.Idled
	return Stats{
		Workers: crew.Busy + crew.Idle, Busy: crew.Busy, Idle: crew.Idle,
		Starting: crew.Starting, Queued: crew.Waiting,
		Done: c.done.Load(), Failed: c.failed.Load(), Retried: c.retried.Load(),
		Started: crew.Started, Ended: ended,
		StartFailures: crew.Failures, StartError: crew.Cause,
		Wait: c.waited.latency(), Run: c.ran.latency(),
	}
}

// A histogram has eight buckets for each power of two nanoseconds.
type histogram struct {
	buckets [64 * 8]atomic.Uint64
	sum     atomic.Int64
	max     atomic.Int64
}

func (h *histogram) add(d time.Duration, n uint64) {
	d = max(d, 0)
	h.buckets[bucketOf(d)].Add(n)
	h.sum.Add(int64(d) * int64(n))
	for old := h.max.Load(); int64(d) > old && !h.max.CompareAndSwap(old, int64(d)); {
		old = h.max.Load()
	}
}

func bucketOf(d time.Duration) int {
	if d < 8 {
		return int(d)
	}
	exp := bits.Len64(uint64(d)) - 4 // so that four bits are left, the first of them set
	return exp<<3 + int(uint64(d)>>exp)
}

// least is the smallest value in a bucket.
func least(bucket int) time.Duration {
	if bucket < 16 {
		return time.Duration(bucket)
	}
	exp := bucket>>3 - 1
	return time.Duration(bucket-exp<<3) << exp
}

func (h *histogram) latency() Latency {
	var counts [len(h.buckets)]uint64
	var l Latency
	for i := range counts {
		counts[i] = h.buckets[i].Load()
		l.Count += counts[i]
	}
	if l.Count == 0 {
		return l
	}
	l.Mean = time.Duration(uint64(h.sum.Load()) / l.Count)
	l.Max = time.Duration(h.max.Load())
	quantile := func(q float64) time.Duration {
		rank := uint64(q * float64(l.Count-1))
		for i, n := range counts {
			if rank < n {
				return min(least(i), l.Max)
			}
			rank -= n
		}
		return l.Max
	}
	l.P50, l.P99 = quantile(0.5), quantile(0.99)
	return l
}
