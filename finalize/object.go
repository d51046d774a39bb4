package finalize

import "runtime"

// objects finds the finalizers of an object, by its address, so that each
// object has one cleanup with the runtime however many finalizers it has. With
// one cleanup each, cancelling would search all of the object's: the runtime
// keeps them in a list.
//
// An address alone doesn't say which object it is: memory is used again as soon
// as the collector has queued the cleanup of the object that died there, which
// is before that cleanup has run. So each cleanup carries an epoch, a number
// that grows with every attachment, and stands for the finalizers up to it:
//
//	obj1 at A: attach e1          chain of A: e1        cleanup(e1)
//	obj1 dies; its cleanup is queued
//	obj2 at A: attach e2          chain of A: e2 e1     cleanup(e2)
//	cleanup(e1) runs              runs e1, leaves e2
//
// The same steps are right if obj1 and obj2 are one living object: attaching
// e2 stopped the cleanup of epoch 1 (which does nothing in the case above, where
// it is queued), and the one of epoch 2 runs both.
//
// Guarded by registry.mu.
type objects struct {
	epoch uint64
	heads map[uintptr]*Finalizer // the newest of each chain
	peak  int                    // the greatest len(heads) since heads was made
}

// An attached is a Finalizer with an object, in one allocation.
type attached struct {
	Finalizer
	link objectLink
}

// An objectLink is a Finalizer's place among those of its object.
type objectLink struct {
	address      uintptr // does not keep the object alive; heap objects don't move
	epoch        uint64
	cleanup      runtime.Cleanup // in the newest of a chain only: the object's
	newer, older *Finalizer
}

// collected is the cleanup: the object of f is gone, and what was attached to it
// up to f's epoch is to run. It is on the runtime's cleanup goroutine, where
// nothing of the user's may run: what blocks there blocks every cleanup of the
// program.
func collected(f *Finalizer) { f.home.registry.collect(f.object.address, f.object.epoch) }

// addAttached adds f, which has an object and its address. The object must be
// alive until addAttached returns. register has collected(f) called after it.
func (r *registry) addAttached(f *Finalizer, p plan, register func() runtime.Cleanup) {
	r.mu.Lock()
	defer r.mu.Unlock() // register panics for memory that isn't Go's
	o := &r.objects
	link := f.object
	o.epoch++
	link.epoch = o.epoch
	link.cleanup = register()
	if head := o.heads[link.address]; head != nil {
		head.object.cleanup.Stop()
		head.object.newer = f
		link.older = head
	}
	o.heads[link.address] = f
	o.peak = max(o.peak, len(o.heads))
	r.addLocked(f, p)
}

// remove takes f out of its chain; the last one to go stops the cleanup.
func (o *objects) remove(f *Finalizer) {
	link := f.object
	newer, older := link.newer, link.older
	if older != nil {
		older.object.newer = newer
	}
	switch {
	case newer != nil:
		newer.object.older = older
	case older != nil:
		older.object.cleanup = link.cleanup
		o.heads[link.address] = older
	default:
		link.cleanup.Stop() // does nothing if the object is dead
		delete(o.heads, link.address)
		o.shrink()
	}
	link.newer, link.older = nil, nil
}

// shrink gives back the memory of a map that was large: deleting doesn't.
func (o *objects) shrink() {
	const large = 4096
	if len(o.heads) == 0 && o.peak >= large {
		o.heads = make(map[uintptr]*Finalizer)
		o.peak = 0
	}
}
