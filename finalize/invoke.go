package finalize

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"

	"multiproc/mplog"
)

// ErrGoexit is the failure of a callback that a pass or a collection ran, and
// that ended its goroutine with [runtime.Goexit].
var ErrGoexit = errors.New("finalize: callback ended its goroutine")

// ErrStillRunning is the failure of a callback for which [RunAll] or [RunFrom]
// waited in vain.
var ErrStillRunning = errors.New("finalize: callback is still running")

// A PanicError is the failure of a callback that panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack string // of the callback's goroutine at the panic
}

// Error gives the value, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("finalize: callback panicked: %v", e.Value) }

// Unwrap returns the value if it is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// invoke runs the callback of f, which the caller has claimed. It is not
// inlined, since callbackDepth looks for it.
//
//go:noinline
func invoke(f *Finalizer) (err error) {
	if mplog.Enabled(mplog.LevelSubDebug) {
		mplog.SubDebug("calling finalizer", mplog.EventKey, "finalizer-call", "finalizer", f.describe())
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil { // nil: Goexit, which goes on
			err = &PanicError{Value: v, Stack: string(debug.Stack())}
		}
	}()
	err = f.run()
	returned = true
	return err
}

var invokeEntry = reflect.ValueOf(invoke).Pointer()

// callbackDepth counts the callbacks that its caller's goroutine is inside of.
// The stack is the only witness: a goroutine has no name to keep a note under,
// and a callback is given no context to pass on.
func callbackDepth() int {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(2, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 2*len(pcs))
		n = runtime.Callers(2, pcs)
	}
	depth := 0
	frames := runtime.CallersFrames(pcs[:n])
	for more := n > 0; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		// Func is nil for what was inlined into another function.
		if frame.Func != nil && frame.Func.Entry() == invokeEntry {
			depth++
		}
	}
	return depth
}
