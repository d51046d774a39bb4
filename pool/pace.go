package pool

import (
	"math"
	"time"
)

// A pace is how much a flow does at a time.
type pace struct {
	fixed  int // Options.ChunkSize
	buffer int // Options.Buffer
	window int // tasks in one worker's hands
	limit  int // items that are taken
	step   int // of them those that are handed on until the iterator is told
	cost   time.Duration
}

const (
	handful   = time.Millisecond // of work, which a worker may have at a time
	maxWindow = 2048
	perWorker = 8
	maxChunk  = 1 << 24
	maxBatch  = 256 // results that are taken from the flow at a time
)

func (p *pace) init(c *core) {
	p.fixed, p.buffer = min(c.opts.ChunkSize, maxChunk), c.opts.Buffer
	p.adapt(c.size.Load())
}

// adapt is to be called when the cost has changed, or the size of the pool.
func (p *pace) adapt(size int32) {
	p.window = p.fixed
	if p.window == 0 {
		p.window = 1
		if p.cost > 0 {
			p.window = int(min(max(1, handful/p.cost), maxWindow))
		}
	}
	p.limit = p.buffer
	if p.limit == 0 {
		p.limit = int(min(int64(size)*int64(max(perWorker, 4*p.window)), math.MaxInt32))
	}
	p.step = max(1, min(p.limit/4, maxBatch))
}

// measure notes what n tasks have cost.
func (f *flow) measure(took time.Duration, n int) {
	each := max(1, took/time.Duration(n))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cost == 0 {
		f.cost = each
	}
	f.cost += (each - f.cost) / 4
	f.cost = max(1, f.cost)
	before := f.limit
	f.adapt(f.pool.size.Load())
	if f.limit > before {
		f.room.Signal()
	}
}

func (f *flow) handfulOf() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.window
}
