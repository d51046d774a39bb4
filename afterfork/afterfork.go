package afterfork

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"multiproc/internal/seam"
	"multiproc/mplog"
)

func init() { seam.RunAfterFork = std.run }

// std is the registry behind Register.
var std registry

// Register has hook(obj) called when this process takes on its identity (see
// the package documentation for when that is). Hooks run one after another in
// the order of registration, and a pair registered twice is called twice. A
// hook that panics, or ends its goroutine, is logged as a warning with the
// event after-fork-failed, and stops no other.
//
// obj is held weakly, hook strongly: the registration goes with the object, and
// there is no other way to undo it. For that, hook must reach obj through its
// argument only and not capture it. What is a package-level variable, or has
// size zero, stays registered for ever.
//
// A hook that is registered while the hooks run is not called in that run. So a
// hook may register itself anew without being called without end, but it need
// not, since registrations last; each one adds a call.
//
// Register may be called from any goroutine, a hook included. It panics if obj
// or hook is nil. It mirrors CPython's register_after_fork.
func Register[T any](obj *T, hook func(*T)) {
	if obj == nil {
		panic("afterfork: nil object")
	}
	if hook == nil {
		panic("afterfork: nil hook")
	}
	std.add(newEntry(obj, hook))
}

// A generation is the time between two moments of identity.
type generation struct {
	over chan struct{} // closed when the next one has begun
}

// present is the generation of this process. One pointer makes every Lock and
// every Local of the process fresh at once, however many there are, and none
// has to be known.
var present atomic.Pointer[generation]

func init() { present.Store(newGeneration()) }

func newGeneration() *generation { return &generation{over: make(chan struct{})} }

func nextGeneration() { close(present.Swap(newGeneration()).over) }

// An entry is a registration of any type.
type entry interface {
	alive() bool
	call() // does nothing if the object is dead
}

type registration[T any] struct {
	obj  weak.Pointer[T]
	hook func(*T)
}

func newEntry[T any](obj *T, hook func(*T)) entry {
	return &registration[T]{weak.Make(obj), hook}
}

func (r *registration[T]) alive() bool { return r.obj.Value() != nil }

func (r *registration[T]) call() {
	if obj := r.obj.Value(); obj != nil {
		r.hook(obj)
	}
}

// A registry holds hooks in the order of their registration.
type registry struct {
	mu      sync.Mutex
	entries []entry
	prune   int // the length of entries at which to look for dead ones
}

func (r *registry) add(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Twice what was alive the last time: each registration pays for looking
	// at two entries, and the dead are never more than the living, or a few.
	if len(r.entries) >= r.prune {
		r.pruneLocked()
	}
	r.entries = append(r.entries, e)
}

func (r *registry) pruneLocked() {
	const few = 32
	living := make([]entry, 0, len(r.entries)) // not in place: run may be reading
	for _, e := range r.entries {
		if e.alive() {
			living = append(living, e)
		}
	}
	r.entries = living
	r.prune = max(few, 2*len(living))
}

// run begins a new generation and calls the hooks. The generation comes first,
// so that hooks find locks free and locals empty.
func (r *registry) run() {
	nextGeneration()
	r.mu.Lock()
	r.pruneLocked()
	todo := slices.Clip(r.entries)
	r.mu.Unlock()
	for len(todo) > 0 {
		rest := make(chan []entry)
		go callHooks(todo, rest)
		todo = <-rest
	}
}

// callHooks calls hooks, and sends those that are left: none, unless one ended
// the goroutine. The caller's goroutine must survive such a hook, since it is
// the one that starts the process.
func callHooks(todo []entry, rest chan<- []entry) {
	defer func() { rest <- todo }()
	for len(todo) > 0 {
		e := todo[0]
		todo = todo[1:]
		callHook(e)
	}
}

func callHook(e entry) {
	returned := false
	defer func() {
		if !returned {
			logFailure(recover()) // nil: runtime.Goexit, which goes on
		}
	}()
	e.call()
	returned = true
}

func logFailure(v any) {
	if !mplog.Enabled(mplog.LevelWarning) {
		return
	}
	if v == nil {
		v = "the hook ended its goroutine"
	}
	mplog.Warning("after-fork hook failed", mplog.EventKey, "after-fork-failed",
		"error", fmt.Sprint(v), "stack", string(debug.Stack()))
}
