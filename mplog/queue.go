package mplog

import (
	"context"
	"sync"
)

// The bounds of a queue: whichever is reached first.
const (
	maxRecords = 1024
	maxBytes   = 1 << 20
)

// An item is an encoded record, or says how many were dropped at its place.
type item struct {
	record  []byte
	process string // of the child that the record came from; may be empty
	dropped int    // not zero: record is nil
}

// An outcome is what became of an item.
type outcome int

const (
	delivered outcome = iota
	lost              // this one only: it is counted as dropped
	ended             // nothing can be delivered any more
)

// queue takes items from those who must not wait to one who may. The zero
// queue drops everything, until attach.
//
// Its goroutine lives only as long as there is something to deliver, so that
// a process which is done logging has none.
type queue struct {
	mu      sync.Mutex // guards all below; not held during deliver
	deliver func(item) outcome
	version int // of deliver
	items   []item
	records int           // how many of items are records, with the one in delivery
	bytes   int           // what those weigh
	unsaid  int           // dropped by discard, and not in items yet
	done    chan struct{} // closed when the goroutine is about to end; nil: none runs
}

// attach sets who gets the items, also those that are waiting already. deliver
// runs on one goroutine at a time, over all attachments.
func (q *queue) attach(deliver func(item) outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deliver = deliver
	q.version++
}

// put takes over it.record, and never blocks.
func (q *queue) put(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deliver == nil {
		return
	}
	q.dropLocked(q.unsaid)
	q.unsaid = 0
	if q.records == maxRecords || q.bytes+len(it.record) > maxBytes {
		q.dropLocked(1)
	} else {
		q.items = append(q.items, it)
		q.records++
		q.bytes += len(it.record)
	}
	q.startLocked()
}

// dropLocked counts n as dropped at this place. There can't be more counters
// than records (and one), since neighbours are merged.
func (q *queue) dropLocked(n int) {
	if n == 0 {
		return
	}
	if last := len(q.items) - 1; last >= 0 && q.items[last].dropped > 0 {
		q.items[last].dropped += n
		return
	}
	q.items = append(q.items, item{dropped: n})
}

func (q *queue) startLocked() {
	if q.done == nil {
		q.done = make(chan struct{})
		go q.run(q.done)
	}
}

// run delivers until nothing is left.
func (q *queue) run(done chan struct{}) {
	defer close(done)
	for {
		q.mu.Lock()
		if len(q.items) == 0 {
			q.items, q.done = nil, nil
			q.mu.Unlock()
			return
		}
		it, deliver, version := q.items[0], q.deliver, q.version
		q.items[0] = item{} // or its record would be kept with the array
		q.items = q.items[1:]
		q.mu.Unlock()

		result := deliver(it)

		q.mu.Lock()
		q.settleLocked(it, result, version)
		q.mu.Unlock()
	}
}

func (q *queue) settleLocked(it item, result outcome, version int) {
	if it.dropped == 0 {
		q.records--
		q.bytes -= len(it.record)
	}
	switch {
	case result == lost && it.dropped == 0: // a lost count isn't counted: no end would come
		q.dropLocked(1)
	case result == ended && q.version == version:
		q.deliver = nil
		q.clearLocked()
	}
}

// clearLocked forgets the items and returns how many records that were.
func (q *queue) clearLocked() (dropped int) {
	for _, it := range q.items {
		if it.dropped > 0 {
			dropped += it.dropped
			continue
		}
		dropped++
		q.records--
		q.bytes -= len(it.record)
	}
	q.items = nil
	return dropped
}

// flush waits until all that was put has been delivered and the goroutine is
// gone. When ctx ends first it drops what waits, to be counted by the next put;
// the goroutine goes when the deliver that it is in returns.
func (q *queue) flush(ctx context.Context) {
	q.mu.Lock()
	done := q.done
	q.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
		q.mu.Lock()
		q.unsaid += q.clearLocked()
		q.mu.Unlock()
	}
}
