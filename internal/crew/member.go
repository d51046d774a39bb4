package crew

import (
	"slices"
	"time"
)

// Fitness is what a worker is good for when it comes back.
type Fitness uint8

// What a worker may be.
const (
	Unproven Fitness = iota // it has begun no task so far
	Proven                  // it has
	Spent                   // it has, and is to do no more
)

// Release gives a worker back. If it is dead, Died has been called.
func (c *Crew[W]) Release(w W, f Fitness) {
	c.mu.Lock()
	m := c.members[w]
	if m.state == dead {
		c.goneLocked(w, m)
		return
	}
	if f != Unproven && c.failures > 0 {
		c.recoveredLocked()
	}
	if f == Spent || c.live > c.limits.Size || c.closed {
		c.retireLocked(w, m)
		return
	}
	c.placeLocked(w, m)
}

// placeLocked gives a worker to who waits, or lets it idle. It unlocks, and then
// has others started for who still waits.
func (c *Crew[W]) placeLocked(w W, m *member) {
	first := c.popLocked()
	switch {
	case first != nil:
		c.moveLocked(m, leased)
	case c.draining:
		c.retireLocked(w, m)
		return
	default:
		c.moveLocked(m, idle)
		c.idle = append(c.idle, w)
		if c.limits.Idle > 0 {
			m.since = time.Now()
			c.sweepLocked(c.limits.Idle)
		}
	}
	start := c.growLocked()
	c.mu.Unlock()
	if first != nil {
		first.give(w)
	}
	c.start(start)
}

// retireLocked lets a worker go. It unlocks.
func (c *Crew[W]) retireLocked(w W, m *member) {
	c.moveLocked(m, retiring)
	if !c.closed { // else it is killed
		m.told = true
		c.counts.Retired++
	}
	start := c.growLocked()
	c.mu.Unlock()
	c.hands.Retire(w)
	c.start(start)
}

// goneLocked is the end of a worker that is dead and was forgotten. It unlocks.
func (c *Crew[W]) goneLocked(w W, m *member) {
	c.countLocked(m, -1)
	delete(c.members, w)
	start := c.growLocked()
	c.drainedLocked()
	c.mu.Unlock()
	c.hands.Dispose(w)
	c.start(start)
}

// Started tells of a worker that was asked for. It is leased or idle from now on.
func (c *Crew[W]) Started(w W) {
	c.mu.Lock()
	c.starting--
	c.counts.Started++
	m := &member{state: retiring, round: c.round}
	c.members[w] = m
	if c.closed || c.live >= c.limits.Size {
		c.retireLocked(w, m)
		return
	}
	c.placeLocked(w, m)
}

// Died tells of a worker's end, and whether it had begun a task; err says how it
// ended. Telling it again does nothing. It reports whether the worker was let go,
// as the counts say.
func (c *Crew[W]) Died(w W, worked bool, err error) (letGo bool) {
	c.mu.Lock()
	m := c.members[w]
	if m == nil || m.state == dead {
		c.mu.Unlock()
		return false
	}
	was := m.state
	c.moveLocked(m, dead)
	var refused []*waiter[W]
	if was != retiring && !c.closed {
		c.counts.Died++
		if !worked {
			refused = c.failedLocked(m.round, err)
		}
	}
	switch was {
	case leased: // Release sees to the rest
		start := c.growLocked()
		c.drainedLocked()
		c.mu.Unlock()
		c.start(start)
	default:
		if i := slices.Index(c.idle, w); i >= 0 {
			c.idle = slices.Delete(c.idle, i, i+1)
		}
		c.goneLocked(w, m)
	}
	for _, r := range refused {
		r.refuse(err)
	}
	return m.told
}

// Resize sets how many workers there may be. Those that are too many are let go
// when they have nothing to do.
func (c *Crew[W]) Resize(n int) {
	c.mu.Lock()
	c.limits.Size = n
	var gone []W
	for len(c.idle) > 0 && c.live > n {
		gone = append(gone, c.idle[0])
		m := c.members[c.idle[0]]
		c.moveLocked(m, retiring)
		m.told = true
		c.idle = c.idle[1:]
	}
	c.crowded.Store(c.live > n)
	c.counts.Retired += uint64(len(gone))
	start := c.growLocked()
	c.mu.Unlock()
	for _, w := range gone {
		c.hands.Retire(w)
	}
	c.start(start)
}

// sweepLocked sees to it that idle workers are looked at after d.
func (c *Crew[W]) sweepLocked(d time.Duration) {
	if c.sweep == nil {
		c.sweep = time.AfterFunc(d, c.letIdleGo)
	}
}

// letIdleGo lets go of workers that have idled for too long.
func (c *Crew[W]) letIdleGo() {
	c.mu.Lock()
	c.sweep = nil
	var gone []W
	for len(c.idle) > 0 {
		m := c.members[c.idle[0]]
		if left := c.limits.Idle - time.Since(m.since); left > 0 {
			c.sweepLocked(left)
			break
		}
		c.moveLocked(m, retiring)
		m.told = true
		gone = append(gone, c.idle[0])
		c.idle = c.idle[1:]
	}
	c.counts.Idled += uint64(len(gone))
	c.mu.Unlock()
	for _, w := range gone {
		c.hands.Retire(w)
	}
}
