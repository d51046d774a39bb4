package crew

import (
	"math/rand/v2"
	"time"
)

// Budget is how many times in a row workers may end before they have begun a task,
// until those who wait are told. Those that were started together count once.
const Budget = 5

const (
	firstDelay = 10 * time.Millisecond
	maxDelay   = 5 * time.Second
)

// failing is what is known of starts that fail.
type failing struct {
	failures int         // rounds in a row
	cause    error       // of the last one
	retry    *time.Timer // until it fires none is started
	round    int         // of starts; those of one round fail together
	failed   int         // the last round that has
}

// growLocked returns how many workers to start, which start must be told after
// unlocking: as many as there are waiters that nobody is on the way for.
func (c *Crew[W]) growLocked() int {
	if c.closed || c.retry != nil {
		return 0
	}
	// Those that are on their way out have no work, but take room: there may be
	// no more of them than of the others.
	n := min(len(c.queue), c.limits.Size-c.live, 2*c.limits.Size-len(c.members)+c.corpses) - c.starting
	if c.limits.Starting > 0 {
		n = min(n, c.limits.Starting-c.starting)
	}
	n = max(n, 0)
	if c.failures > 0 && n > 0 { // one at a time, until one has worked
		n = 1
		c.putOffLocked()
	}
	c.starting += n
	return n
}

func (c *Crew[W]) start(n int) {
	for range n {
		c.hands.Start()
	}
}

// Failed tells that a worker that was asked for can't be started. If that is
// final, no other try would fare better, and those who wait are told at once.
func (c *Crew[W]) Failed(err error, final bool) {
	c.mu.Lock()
	c.starting--
	c.counts.Unstarted++
	if c.closed {
		c.drainedLocked()
		c.mu.Unlock()
		return
	}
	var refused []*waiter[W]
	if final {
		refused = c.emptyLocked()
		c.drainedLocked()
	} else {
		refused = c.failedLocked(c.round, err)
	}
	c.mu.Unlock()
	for _, w := range refused {
		w.refuse(err)
	}
}

// failedLocked counts a start that came to nothing, and puts off the next one.
func (c *Crew[W]) failedLocked(round int, err error) (refused []*waiter[W]) {
	c.cause = err
	if round >= c.failed { // not one of those that were started with one that has
		c.failed = round + 1
		c.failures++
		c.putOffLocked()
	}
	if c.failures >= Budget && c.live == 0 {
		refused = c.emptyLocked()
		c.drainedLocked()
	}
	return refused
}

// putOffLocked lets none be started for a while, which grows with the failures.
func (c *Crew[W]) putOffLocked() {
	if c.retry != nil {
		c.retry.Stop()
	}
	delay := min(maxDelay, firstDelay<<min(c.failures-1, 20))
	delay = delay/2 + rand.N(delay) // so that many pools don't try in step
	c.retry = time.AfterFunc(delay, c.tryAgain)
}

// hopelessLocked is the cause for who comes while starts fail and the next try is
// put off.
func (c *Crew[W]) hopelessLocked() error {
	if c.failures >= Budget && c.retry != nil && c.live == 0 {
		return c.cause
	}
	return nil
}

func (c *Crew[W]) tryAgain() {
	c.mu.Lock()
	c.retry = nil
	c.round++
	start := c.growLocked()
	c.mu.Unlock()
	c.start(start)
}

func (c *Crew[W]) recoveredLocked() {
	c.failures, c.cause = 0, nil
	c.round++
	if c.retry != nil {
		c.retry.Stop()
		c.retry = nil
	}
}

func (c *Crew[W]) emptyLocked() []*waiter[W] {
	all := c.queue
	c.queue = nil
	c.waitings.Store(0)
	return all
}
