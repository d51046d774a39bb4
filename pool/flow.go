package pool

import (
	"context"
	"slices"
	"sync"
)

// An item is one element of a Map.
type item interface {
	encode(buf []byte) ([]byte, error)
	resolve(result []byte) error
	slot() *slot
}

// A slot is what a flow knows of an item.
type slot struct {
	tries  int // that a worker has begun it and died
	choked int // that a worker has run out of memory before it began it

	// Under the flow's mu.
	done       bool
	err        error // once done
	prev, next item  // in hands
}

// A flow carries the items of a Map from its iterator, which one goroutine runs,
// to feeders, which have a worker each, and to whoever ranges over it.
type flow struct {
	pool    *core
	ctx     context.Context // ends with the Map
	cancel  context.CancelCauseFunc
	ordered bool

	mu   sync.Mutex // guards what follows
	more sync.Cond  // for feeders: there is something to do, or nothing will be
	room sync.Cond  // for the iterator
	come sync.Cond  // for who ranges

	todo  queue // taken, and in nobody's hands
	hands hands // taken, and in a feeder's
	turn  queue // ordered: what was taken, in that order
	ready queue // unordered: what is done

	all        int   // items taken
	open       int   // of them those that were not passed on
	unfinished int   // of them those that are not done
	ended      bool  // the iterator has
	exhausted  bool  // and nobody has cut it short
	halted     error // why no more are taken
	broken     error // why those that were taken are not finished either
	left       bool  // the pool was told that all is done

	feeders int                  // at work
	hungry  int                  // feeders that wait in more, and were not woken
	active  map[*worker]struct{} // in the hands of feeders
	late    map[*alarm]struct{}  // of feeders who wait until others have nothing to do

	pace
}

func newFlow(ctx context.Context, p *core, ordered bool) *flow {
	f := &flow{pool: p, ordered: ordered, active: make(map[*worker]struct{}), late: make(map[*alarm]struct{})}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	f.more.L, f.room.L, f.come.L = &f.mu, &f.mu, &f.mu
	f.pace.init(p)
	return f
}

// push takes an item, when there is room for one. It returns false if no more
// are wanted.
func (f *flow) push(it item) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.open >= f.limit && f.halted == nil {
		f.room.Wait()
	}
	if f.halted != nil {
		return false
	}
	f.all++
	f.open++
	f.unfinished++
	f.todo.push(it)
	if f.ordered {
		f.turn.push(it)
	}
	switch {
	case f.hungry > 0:
		f.hungry-- // for the one that wakes, at once: the next item is for another
		f.more.Signal()
	case f.feeders < int(f.pool.size.Load()):
		f.feeders++
		go f.feed()
	}
	return true
}

// finish tells that there are no more items.
func (f *flow) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended, f.exhausted = true, f.halted == nil
	f.wakeLocked()
}

// halt takes no more items: those that were taken are finished.
func (f *flow) halt(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.haltLocked(err)
}

func (f *flow) haltLocked(err error) {
	if f.halted == nil {
		f.halted = err
	}
	f.wakeLocked()
}

// cut ends all at once: items without an outcome have that error.
func (f *flow) cut(err error) {
	f.mu.Lock()
	if f.broken == nil {
		f.broken = err
		for w := range f.active {
			w.line.Interrupt()
		}
		for it := f.todo.pop(); it != nil; it = f.todo.pop() {
			f.doneLocked(it, err)
		}
		for f.hands.first != nil {
			f.doneLocked(f.hands.first, err)
		}
		f.haltLocked(err)
	}
	f.mu.Unlock()
	f.cancel(err)
}

func (f *flow) wakeLocked() {
	f.feedAllLocked()
	f.room.Broadcast()
	f.come.Broadcast()
	f.leaveLocked()
}

func (f *flow) feedAllLocked() {
	f.hungry = 0
	f.more.Broadcast()
}

// leaveLocked tells the pool when nothing of this flow is left to do.
func (f *flow) leaveLocked() {
	if f.left || f.unfinished > 0 || !f.exhausted && f.halted == nil {
		return
	}
	f.left = true
	f.pool.leaveFlow(f)
}

// doneLocked gives an item its outcome, if it has none: the flow may have been
// cut meanwhile.
func (f *flow) doneLocked(it item, err error) {
	s := it.slot()
	if s.done {
		return
	}
	f.hands.remove(it)
	s.done, s.err = true, err
	f.unfinished--
	f.pool.count.finished(err)
	if !f.ordered {
		f.ready.push(it)
	}
}

// settled tells what became of items.
func (f *flow) settled(all []outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range all {
		f.doneLocked(o.item, o.err)
	}
	f.come.Signal()
	f.leaveLocked()
}

// take returns at most n items to do.
func (f *flow) take(n int, items []item) []item {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.exhausted || f.halted != nil { // leave some for the other workers
		n = min(n, (f.todo.len()+2*f.feeders-1)/(2*max(1, f.feeders)))
	}
	for ; n > 0; n-- {
		it := f.todo.pop()
		if it == nil {
			break
		}
		f.hands.add(it)
		items = append(items, it)
	}
	return items
}

// giveBack returns items that no worker has begun, to be done before others.
func (f *flow) giveBack(items []item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range slices.Backward(items) {
		if !it.slot().done { // as it is when the flow was cut
			f.hands.remove(it)
			f.todo.unpop(it)
		}
	}
	f.feedAllLocked()
	for n := min(len(items), int(f.pool.size.Load())-f.feeders); n > 0; n-- { // for those that have left
		f.feeders++
		go f.feed()
	}
	f.come.Signal()
	f.leaveLocked()
}
