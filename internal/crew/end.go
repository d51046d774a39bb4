package crew

// Counts are what happened so far.
type Counts struct {
	Started   uint64 // workers
	Unstarted uint64 // that could not be
	Died      uint64 // without being let go
	Retired   uint64 // let go: they had done enough, or were too many
	Idled     uint64 // let go: they had nothing to do
}

// A Snapshot is the state of a Crew.
type Snapshot struct {
	Counts
	Idle, Busy, Starting, Waiting int
	Failures                      int // to start, in a row
	Cause                         error
}

// Snapshot returns the state as it is now.
func (c *Crew[W]) Snapshot() Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Snapshot{
		Counts: c.counts, Idle: len(c.idle), Busy: c.busy, Starting: c.starting, Waiting: len(c.queue),
		Failures: c.failures, Cause: c.cause,
	}
}

// Drain makes every further Lease fail with ErrClosed, and workers go as they
// come back. The channel is closed when nobody waits and no worker lives.
func (c *Crew[W]) Drain() <-chan struct{} {
	c.mu.Lock()
	c.draining = true
	gone := c.idle
	c.idle = nil
	for _, w := range gone {
		c.moveLocked(c.members[w], retiring)
		c.members[w].told = true
	}
	c.counts.Retired += uint64(len(gone))
	c.drainedLocked()
	c.mu.Unlock()
	for _, w := range gone {
		c.hands.Retire(w)
	}
	return c.drained
}

// Close refuses all who wait, with ErrClosed, and returns the workers that are
// left, for the caller to kill. The channel is closed when none lives.
func (c *Crew[W]) Close() (left []W, gone <-chan struct{}) {
	c.mu.Lock()
	c.draining = true
	c.closed = true
	refused := c.emptyLocked()
	if c.sweep != nil {
		c.sweep.Stop()
		c.sweep = nil
	}
	if c.retry != nil {
		c.retry.Stop()
		c.retry = nil
	}
	for w, m := range c.members {
		left = append(left, w)
		if m.state == idle {
			c.moveLocked(m, retiring)
		}
	}
	c.idle = nil
	c.drainedLocked()
	c.mu.Unlock()
	for _, w := range refused {
		w.refuse(ErrClosed)
	}
	return left, c.drained
}

// drainedLocked closes drained when there is nothing left.
func (c *Crew[W]) drainedLocked() {
	if !c.draining || len(c.queue) > 0 || len(c.members) > c.corpses || c.starting > 0 {
		return
	}
	select {
	case <-c.drained:
	default:
		close(c.drained)
	}
}
