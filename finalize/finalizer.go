package finalize

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// A Finalizer is a callback that runs once: when its object is collected, when
// Call is called, or at exit. Its methods may be called from any goroutine, a
// callback included.
type Finalizer struct {
	state    atomic.Uint32 // written with registry.mu held
	callback uintptr       // the entry of the user's function, for String
	site     uintptr       // the program counter of the call that made this
	home     *list         // the list of its priority; says whose it is
	run      func() error  // nil once run or cancelled; belongs to who claimed it
	object   *objectLink   // nil without object

	// Neighbours in home while active (if it has a priority), in registry.running
	// while running. Guarded by registry.mu.
	newer, older *Finalizer
}

// The states of a Finalizer. It leaves active once, which decides every race
// of Call, Cancel, collection and exit.
const (
	unmade uint32 = iota // a Finalizer that this package has not made
	active
	running
	done
	cancelled
)

var stateNames = [...]string{"not made by this package", "active", "running", "done", "cancelled"}

// Call runs the callback, unless it has run, is running or was cancelled. ran
// tells whether this call ran it, and err is what it returned; a panic is
// returned as a [*PanicError]. Call does not wait for a callback that somebody
// else is running.
//
// The callback runs on the caller's goroutine. If it ends that goroutine
// ([runtime.Goexit]), it counts as having run. In a process that C code forked
// from the one that loaded this package the callback is not run: what it would
// clean up belongs to the parent.
func (f *Finalizer) Call() (ran bool, err error) {
	if !f.StillActive() { // without a lock, for the second call and later
		return false, nil
	}
	r := f.home.registry
	if r.foreign() || !r.claim(f, running) {
		return false, nil
	}
	defer r.finish(f) // also when the callback ends the goroutine
	return true, invoke(f)
}

// Cancel keeps the callback from running, and releases it and its argument. It
// returns true if this call did so; false if the callback has run, is running,
// or was cancelled before.
func (f *Finalizer) Cancel() bool {
	if !f.StillActive() || !f.home.registry.claim(f, cancelled) {
		return false
	}
	f.run = nil
	return true
}

// StillActive tells whether the callback is still to be run: false from the
// moment somebody began to run it, or cancelled it.
func (f *Finalizer) StillActive() bool { return f.state.Load() == active }

// String names the callback's function, the priority, the place where the
// finalizer was made and its state:
//
//	finalizer main.remove (priority -1, made at /src/main.go:21): active
func (f *Finalizer) String() string {
	return fmt.Sprintf("finalizer %s: %s", f.describe(), stateNames[f.state.Load()])
}

// describe is String without what changes.
func (f *Finalizer) describe() string {
	if f.state.Load() == unmade {
		return "(none)"
	}
	name := "unknown function"
	if fn := runtime.FuncForPC(f.callback); fn != nil {
		name = fn.Name()
	}
	priority := "no priority"
	if f.home.atExit {
		priority = fmt.Sprintf("priority %d", f.home.priority)
	}
	frame, _ := runtime.CallersFrames([]uintptr{f.site}).Next()
	return fmt.Sprintf("%s (%s, made at %s:%d)", name, priority, frame.File, frame.Line)
}
