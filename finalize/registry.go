package finalize

import (
	"cmp"
	"os"
	"slices"
	"sync"
	"time"
)

// A registry holds finalizers. The program has one; tests make their own.
//
// One mutex guards everything, and is never held while a callback runs or a
// record is logged. A finalizer is linked where its state says it is: both
// change together, under the mutex, so that whoever claims one has also
// removed it.
type registry struct {
	pid    int        // of the process that loaded the package
	getpid func() int // os.Getpid, but for tests
	limit  time.Duration

	mu      sync.Mutex
	pending int           // active finalizers
	bare    list          // the home of those without priority; always empty, since no pass takes them
	lists   map[int]*list // those with one, by priority
	empty   int           // how many of lists are empty
	objects objects

	// While passes run, order has the lists that may have something for them,
	// by ascending priority; see pass.go.
	passes int
	order  []*list

	// Callbacks in flight, those that wait in the queue of collector
	// included, and how many of them are inside runFrom.
	running  list
	inFlight int
	enclosed int
	changed  chan struct{} // nil unless somebody waits; closed when the above changed

	collector collector
}

func newRegistry() *registry {
	r := &registry{
		pid:    os.Getpid(),
		getpid: os.Getpid,
		limit:  5 * time.Second,
		lists:  make(map[int]*list),
	}
	r.bare.registry = r
	r.objects.heads = make(map[uintptr]*Finalizer)
	return r
}

// foreign tells whether this process is a forked copy of the one that loaded
// the package. Go never forks without exec, but C code in this process may.
func (r *registry) foreign() bool { return r.getpid() != r.pid }

func (r *registry) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pending
}

func (r *registry) add(f *Finalizer, p plan) {
	r.mu.Lock()
	r.addLocked(f, p)
	r.mu.Unlock()
}

func (r *registry) addLocked(f *Finalizer, p plan) {
	l := &r.bare
	if p.atExit {
		l = r.listLocked(p.priority)
		if l.newest == nil {
			r.empty--
		}
		if r.passes > 0 {
			r.orderLocked(l)
			r.notifyLocked() // a pass that waits takes it at once
		}
	}
	f.home = l
	if l.atExit {
		l.push(f)
	}
	r.pending++
	f.state.Store(active)
}

// listLocked returns the list of priority, which it makes, empty, if need be.
func (r *registry) listLocked(priority int) *list {
	l := r.lists[priority]
	if l == nil {
		l = &list{registry: r, priority: priority, atExit: true}
		r.lists[priority] = l
		r.empty++
	}
	return l
}

// claim takes f away from everybody else: it is removed and in the state given
// if claim returns true; it was not active otherwise.
func (r *registry) claim(f *Finalizer, state uint32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.StillActive() {
		return false
	}
	r.claimLocked(f, state)
	return true
}

// claimLocked is claim for an f that is known to be active.
func (r *registry) claimLocked(f *Finalizer, state uint32) {
	f.state.Store(state)
	r.pending--
	if l := f.home; l.atExit {
		l.remove(f)
		if l.newest == nil {
			r.empty++
			r.pruneLocked()
		}
	}
	if f.object != nil {
		r.objects.remove(f)
	}
	if state == running {
		r.running.push(f)
		r.inFlight++
	}
}

// pruneLocked forgets the lists that are empty once they are the most, so that
// a program that uses ever new priorities doesn't grow. They are kept until
// then because making and cancelling one finalizer would make and drop a list.
func (r *registry) pruneLocked() {
	const few = 64
	if r.empty < few || r.empty < len(r.lists)/2 || r.passes > 0 {
		return
	}
	for priority, l := range r.lists {
		if l.newest == nil {
			delete(r.lists, priority)
		}
	}
	r.empty = 0
}

// finish ends what claim began, when the callback has returned, panicked or
// ended its goroutine.
func (r *registry) finish(f *Finalizer) {
	r.mu.Lock()
	r.finishLocked(f)
	r.mu.Unlock()
}

func (r *registry) finishLocked(f *Finalizer) {
	f.run = nil
	f.state.Store(done)
	r.running.remove(f)
	r.inFlight--
	r.notifyLocked()
}

// notifyLocked wakes those who wait in awaitOthers.
func (r *registry) notifyLocked() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// A list holds finalizers, newest first. The links are in the finalizers, so
// that adding and removing allocate nothing and take the same time at any
// length.
type list struct {
	registry *registry
	newest   *Finalizer
	priority int
	atExit   bool // false: no priority
	ordered  bool // is in registry.order
}

func (l *list) push(f *Finalizer) {
	f.older = l.newest
	if f.older != nil {
		f.older.newer = f
	}
	l.newest = f
}

func (l *list) remove(f *Finalizer) {
	if f.newer != nil {
		f.newer.older = f.older
	} else {
		l.newest = f.older
	}
	if f.older != nil {
		f.older.newer = f.newer
	}
	f.newer, f.older = nil, nil
}

func byPriority(a, b *list) int { return cmp.Compare(a.priority, b.priority) }

// orderLocked puts l in its place among the lists that passes look at.
func (r *registry) orderLocked(l *list) {
	if l.ordered {
		return
	}
	l.ordered = true
	i, _ := slices.BinarySearchFunc(r.order, l, byPriority)
	r.order = slices.Insert(r.order, i, l)
}
