package finalize

import (
	"math"
	"reflect"
	"runtime"
)

// What is registered with a priority of at least BeforeChildren runs before
// the exit sequence ends the child processes; AfterChildren and everything
// below it runs after. A finalizer that a child still needs (a listener's
// socket file, a temporary directory) belongs after.
const (
	BeforeChildren = 0
	AfterChildren  = -1
)

// std is the registry behind the package functions. Making it costs one
// getpid, and starts nothing.
var std = newRegistry()

// Attach arranges for callback(arg) to run when obj has been collected, or
// when Call is called, whichever comes first. The exit sequence leaves it
// alone: an object that is alive at exit needs no finalizing, or needs
// [AttachAtExit]. A RunAll does not disarm it either.
//
// obj is held weakly; callback and arg are held until the callback has run or
// was cancelled. If obj can be reached from either, it is never collected. So
// arg must be what obj wraps (a name, a descriptor), not obj, and callback
// must not be a method value of obj or capture it. Attach panics where it sees
// that mistake: an arg that is a pointer to obj or into it, or a slice of it.
// It can't see through a closure or a further pointer.
//
// Attach panics also if obj or callback is nil, and if T has size zero: such
// objects share one address and are never collected. Objects of less than 16
// bytes without pointers are packed together, and one that is still in use
// keeps its neighbours: add a pointer field to such a type, or don't rely on
// collection. An object that is a package-level variable is never collected.
//
// The callback's error, and its panic, is returned by Call; after a
// collection there is nobody to return it to, and it is logged as a warning
// with the event finalizer-failed.
//
// The result may be dropped. It mirrors CPython's Finalize with an object and
// exitpriority=None, except that a full pass there forgets such finalizers.
func Attach[T, A any](obj *T, callback func(A) error, arg A) *Finalizer {
	var site [1]uintptr
	runtime.Callers(2, site[:]) // here, not in a function: each frame costs
	return attach(std, obj, callback, arg, plan{site: site[0]})
}

// AttachAtExit is [Attach] for a callback that must also run at exit: in the
// pass of [RunAll] or [RunFrom] that takes its priority, if nothing ran it
// before. obj is held weakly all the same.
//
// It mirrors CPython's Finalize with an object and an exitpriority.
func AttachAtExit[T, A any](obj *T, callback func(A) error, arg A, priority int) *Finalizer {
	var site [1]uintptr
	runtime.Callers(2, site[:])
	return attach(std, obj, callback, arg, plan{site: site[0], atExit: true, priority: priority})
}

// AtExit arranges for callback to run at exit, or when Call is called. It
// panics if callback is nil. The result may be dropped.
//
// It mirrors CPython's Finalize with obj=None.
func AtExit(callback func() error, priority int) *Finalizer {
	var site [1]uintptr
	runtime.Callers(2, site[:])
	return atExit(std, callback, plan{site: site[0], atExit: true, priority: priority})
}

// RunAll runs every finalizer that has a priority, highest priority first and
// the newest first among equals, each one removed before it runs. What
// callbacks and other goroutines register meanwhile is run too, in its place,
// before RunAll returns; a callback that always registers another one keeps
// it running for ever. It then waits for callbacks that Call or a collection
// started in other goroutines, for no longer than five seconds.
//
// The error joins what failed: callbacks that returned an error, panicked
// ([*PanicError]) or ended their goroutine ([ErrGoexit]), and those that were
// still running when the waiting ended ([ErrStillRunning]); each is wrapped
// with the description of its finalizer. None of it stops the rest.
//
// Callbacks run one after another on a goroutine of the pass, never on the
// caller's. Passes may overlap; they then share the work. RunAll may be called
// by a callback: it then runs all that is left, and doesn't wait for any
// callback that is itself inside RunAll or RunFrom, its own caller included.
//
// Finalizers made by Attach are left as they are, and everything is usable
// afterwards. In a process that C code forked from this one nothing is run.
//
// It mirrors CPython's _run_finalizers(), without its losses: see the package
// documentation.
func RunAll() error { return std.runFrom(math.MinInt) }

// RunFrom is [RunAll] for the priorities from minPriority up. It mirrors
// CPython's _run_finalizers(minpriority).
func RunFrom(minPriority int) error { return std.runFrom(minPriority) }

// Len returns how many finalizers are active: made, and neither run nor
// cancelled.
func Len() int { return std.len() }

// A plan is how a finalizer is registered.
type plan struct {
	site     uintptr // the program counter of the caller
	atExit   bool
	priority int // if atExit
}

func atExit(r *registry, callback func() error, p plan) *Finalizer {
	if callback == nil {
		panic("finalize: nil callback")
	}
	f := &Finalizer{run: callback, callback: reflect.ValueOf(callback).Pointer(), site: p.site}
	r.add(f, p)
	return f
}

func attach[T, A any](r *registry, obj *T, callback func(A) error, arg A, p plan) *Finalizer {
	if obj == nil {
		panic("finalize: nil object")
	}
	if callback == nil {
		panic("finalize: nil callback")
	}
	size := reflect.TypeFor[T]().Size()
	if size == 0 {
		panic("finalize: an object of size zero is never collected")
	}
	address := reflect.ValueOf(obj).Pointer()
	if pointsInto(arg, address, size) {
		panic("finalize: the argument points to the object, which would never be collected")
	}
	f := &attached{Finalizer: Finalizer{
		run:      func() error { return callback(arg) },
		callback: reflect.ValueOf(callback).Pointer(),
		site:     p.site,
	}}
	f.object = &f.link
	f.link.address = address
	r.addAttached(&f.Finalizer, p, func() runtime.Cleanup {
		return runtime.AddCleanup(obj, collected, &f.Finalizer)
	})
	runtime.KeepAlive(obj)
	return &f.Finalizer
}

// pointsInto tells whether arg is a pointer to one of the size bytes at
// address, or a slice of them. The runtime's own check is of no use: what is
// given to it is our record, not arg.
func pointsInto[A any](arg A, address, size uintptr) bool {
	switch reflect.TypeFor[A]().Kind() { // first, so that a string, say, isn't boxed
	case reflect.Pointer, reflect.UnsafePointer, reflect.Slice, reflect.Interface:
	default:
		return false
	}
	v := reflect.ValueOf(arg)
	switch v.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Slice:
		return v.Pointer()-address < size
	}
	return false
}
