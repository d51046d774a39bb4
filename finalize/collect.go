package finalize

import (
	"time"

	"multiproc/mplog"
)

// A callback that has kept the queue waiting for patience no longer keeps it
// waiting: another goroutine goes on with the rest. maxRunners bounds how many
// such goroutines blocked callbacks can pile up; beyond that, the rest waits.
const (
	patience   = 10 * time.Millisecond
	maxRunners = 100
)

// A collector runs the callbacks of collected objects, on goroutines that are
// started when there is work and end when there is none. Guarded by
// registry.mu.
type collector struct {
	queue   []*Finalizer // claimed; in the order of collection
	runners int          // goroutines in runCollected
	taken   uint64       // how many have ever left queue
	seen    uint64       // taken, when relief was last armed
	relief  *time.Timer  // nil until first needed
	armed   bool         // relief is to fire
}

// collect hands the finalizers at address, up to epoch, to the collector.
func (r *registry) collect(address uintptr, epoch uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.collector
	for f := r.objects.heads[address]; f != nil; {
		older := f.object.older
		if f.object.epoch <= epoch {
			r.claimLocked(f, running)
			c.queue = append(c.queue, f)
		}
		f = older
	}
	if len(c.queue) == 0 {
		return
	}
	if c.runners == 0 {
		c.runners++
		go r.runCollected()
	}
	r.armLocked()
}

// runCollected runs what is queued, and ends.
func (r *registry) runCollected() {
	var f *Finalizer
	defer func() {
		if f == nil {
			return
		}
		logFailure(f, ErrGoexit)
		r.finish(f)
		go r.runCollected() // takes the place of this goroutine
	}()
	for f = r.nextCollected(nil); f != nil; f = r.nextCollected(f) {
		if r.foreign() {
			continue
		}
		if err := invoke(f); err != nil {
			logFailure(f, err)
		}
	}
}

// nextCollected finishes last, unless it is nil, and returns the next one that
// is queued. If it returns nil the calling goroutine is no longer a runner.
func (r *registry) nextCollected(last *Finalizer) *Finalizer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last != nil {
		r.finishLocked(last)
	}
	c := &r.collector
	if len(c.queue) == 0 {
		c.queue = nil
		c.runners--
		return nil
	}
	f := c.queue[0]
	c.queue[0] = nil // the rest of the queue must not keep it
	c.queue = c.queue[1:]
	c.taken++
	if len(c.queue) == 0 && c.armed {
		c.relief.Stop()
		c.armed = false
	}
	return f
}

// armLocked sees to it that a queue that doesn't move gets another runner.
func (r *registry) armLocked() {
	c := &r.collector
	if c.armed {
		return
	}
	c.armed = true
	c.seen = c.taken
	if c.relief == nil {
		c.relief = time.AfterFunc(patience, r.relieve)
	} else {
		c.relief.Reset(patience)
	}
}

func (r *registry) relieve() {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.collector
	c.armed = false
	if len(c.queue) == 0 {
		return
	}
	if c.taken == c.seen && c.runners < maxRunners {
		c.runners++
		go r.runCollected()
	}
	r.armLocked()
}

func logFailure(f *Finalizer, err error) {
	if mplog.Enabled(mplog.LevelWarning) {
		mplog.Warning("finalizer failed", mplog.EventKey, "finalizer-failed",
			"finalizer", f.describe(), "error", err)
	}
}
