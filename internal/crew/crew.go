package crew

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is the answer once Close or Drain was called.
var ErrClosed = errors.New("pool: closed")

// Hands do what a Crew decides. They must not block, and not call the Crew before
// they have returned. Each is called with no lock held.
type Hands[W any] struct {
	Start   func()  // begin to start a worker: Started or Failed tells the rest
	Retire  func(W) // let a worker go that has nothing to do: Died tells the rest
	Dispose func(W) // it is dead and nobody has it: forget it
}

// Limits adjust a Crew.
type Limits struct {
	Size     int           // workers at most
	Starting int           // of them started at once; zero means no limit
	Idle     time.Duration // after which a worker without work is let go; zero means never
}

// A Crew is the workers of a pool. Its methods are safe for concurrent use.
type Crew[W comparable] struct {
	hands    Hands[W]
	limits   Limits
	waitings atomic.Int32 // len(queue), for Contended
	crowded  atomic.Bool

	mu       sync.Mutex
	members  map[W]*member
	idle     []W // the one that worked last is at the end
	queue    []*waiter[W]
	starting int
	live     int // members that are idle or leased
	busy     int // of them those that are leased
	corpses  int // members that are dead
	draining bool
	closed   bool
	drained  chan struct{}
	sweep    *time.Timer // for idle
	failing
	counts Counts
}

type state uint8

const (
	idle state = iota
	leased
	retiring
	dead // and leased
)

type member struct {
	state state
	round int       // of failing, when it was started
	told  bool      // its end is in the counts
	since time.Time // idle
}

// moveLocked puts a member into another state.
func (c *Crew[W]) moveLocked(m *member, to state) {
	c.countLocked(m, -1)
	m.state = to
	c.countLocked(m, 1)
}

func (c *Crew[W]) countLocked(m *member, n int) {
	switch m.state {
	case leased:
		c.busy += n
		c.live += n
	case idle:
		c.live += n
	case dead:
		c.corpses += n
	}
	c.crowded.Store(c.live > c.limits.Size)
}

// A waiter waits for a worker. Exactly one of worker and err is given to it.
type waiter[W any] struct {
	ready  chan struct{} // room for one
	worker W
	err    error
	front  bool
}

// New returns a Crew that has no workers yet.
func New[W comparable](hands Hands[W], limits Limits) *Crew[W] {
	return &Crew[W]{hands: hands, limits: limits, members: make(map[W]*member), drained: make(chan struct{})}
}

// Contended reports whether somebody waits for a worker.
func (c *Crew[W]) Contended() bool { return c.waitings.Load() > 0 }

// Crowded reports whether there are more workers than there may be.
func (c *Crew[W]) Crowded() bool { return c.crowded.Load() }

// TryLease returns a worker if one is idle.
func (c *Crew[W]) TryLease() (w W, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) == 0 { // as it is when closed
		return w, false
	}
	return c.takeLocked(), true
}

// takeLocked leases the worker that worked last: its memory is in the caches,
// and the others may become superfluous.
func (c *Crew[W]) takeLocked() W {
	n := len(c.idle) - 1
	w := c.idle[n]
	c.idle = c.idle[:n]
	c.moveLocked(c.members[w], leased)
	return w
}

// Lease returns a worker, or waits for one; first come, first served. Its error
// is ErrClosed, the end of ctx, or why workers can't be started.
func (c *Crew[W]) Lease(ctx context.Context) (W, error) { return c.lease(ctx, false) }

// LeaseAgain is Lease for who had a worker that died before it did anything: it
// comes before the others.
func (c *Crew[W]) LeaseAgain(ctx context.Context) (W, error) { return c.lease(ctx, true) }

func (c *Crew[W]) lease(ctx context.Context, again bool) (w W, _ error) {
	c.mu.Lock()
	if c.draining {
		c.mu.Unlock()
		return w, ErrClosed
	}
	if len(c.idle) > 0 {
		w = c.takeLocked()
		c.mu.Unlock()
		return w, nil
	}
	if err := c.hopelessLocked(); err != nil {
		c.mu.Unlock()
		return w, err
	}
	me := &waiter[W]{ready: make(chan struct{}, 1), front: again}
	c.enqueueLocked(me)
	start := c.growLocked()
	c.mu.Unlock()
	c.start(start)
	select {
	case <-me.ready:
		return me.worker, me.err
	case <-ctx.Done():
		c.leave(me)
		return w, ctx.Err()
	}
}

func (c *Crew[W]) enqueueLocked(me *waiter[W]) {
	at := len(c.queue)
	if me.front {
		for at = 0; at < len(c.queue) && c.queue[at].front; at++ {
		}
	}
	c.queue = append(c.queue, nil)
	copy(c.queue[at+1:], c.queue[at:])
	c.queue[at] = me
	c.waitings.Store(int32(len(c.queue)))
}

// leave takes a waiter out of the queue, or gives back what it was given at the
// last moment.
func (c *Crew[W]) leave(me *waiter[W]) {
	c.mu.Lock()
	for i, other := range c.queue {
		if other == me {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			c.waitings.Store(int32(len(c.queue)))
			c.mu.Unlock()
			return
		}
	}
	c.mu.Unlock()
	<-me.ready
	if me.err == nil {
		c.Release(me.worker, Unproven)
	}
}

// popLocked takes the first waiter, nil if there is none.
func (c *Crew[W]) popLocked() *waiter[W] {
	if len(c.queue) == 0 {
		return nil
	}
	first := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	c.waitings.Store(int32(len(c.queue)))
	return first
}

func (w *waiter[W]) give(worker W) {
	w.worker = worker
	w.ready <- struct{}{}
}

func (w *waiter[W]) refuse(err error) {
	w.err = err
	w.ready <- struct{}{}
}
