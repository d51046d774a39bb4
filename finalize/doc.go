// Package finalize runs clean-up callbacks exactly once: when an object is
// garbage collected, when somebody asks, or when the program exits, whichever
// comes first.
//
// # The idea
//
// A resource that lives outside Go's memory (a temporary directory, a socket
// file, a server's session) is to go when the object that stands for it goes.
// There are three moments for that, and a program needs all of them:
//
//	f := finalize.AttachAtExit(dir, os.RemoveAll, dir.path, finalize.AfterChildren)
//	defer f.Call()           // the plan: now, in order, with an error to look at
//	                         // the net: dir is collected, because somebody forgot
//	finalize.RunAll()        // the end: the program exits, and dir is still alive
//
// The object is held weakly, the callback and its argument strongly; so the
// argument is what the object wraps, never the object.
//
// The exit sequence of package multiproc makes two passes: [RunFrom] with
// [BeforeChildren] before it ends the child processes, and [RunAll] after. A
// program without it calls [RunAll] at the end of main.
//
// # Promises
//
//   - A callback runs at most once, in every race of Call, Cancel, collection and
//     exit. Exactly one of those who race learns that it was the one.
//   - A pass runs the highest priority first, and the newest first among equals.
//     What is registered while it runs is run in it, also in the last pass.
//   - A callback that fails, panics or ends its goroutine stops no other, and is
//     reported with the place where the finalizer was made.
//   - No callback runs on the runtime's cleanup goroutine. One that blocks delays
//     neither the runtime's cleanups nor, for long, other callbacks of collected
//     objects: after 10 ms another goroutine goes on with them, up to a hundred.
//     The goroutines end when there is nothing more to run.
//   - A second Call does not wait for the first. A pass waits for callbacks that
//     are in flight elsewhere, for five seconds at most.
//   - A callback may use everything here: make and cancel finalizers, call others,
//     run a pass. It may also end the program.
//   - Once a finalizer has run or was cancelled, its callback and argument are let
//     go of, also if the callback failed.
//   - Making and cancelling take the same few steps however many finalizers there
//     are, and however many are on one object.
//
// In plain words: register and forget; it is run once, in order, and you hear of
// it if it failed.
//
// # Traps
//
//   - An object that can be reached from its own callback or argument lives for
//     ever. The argument is checked where that is cheap; a method value
//     (dir.Close) or a closure over the object is not seen. Write a function of
//     what the object wraps.
//   - An object may be collected while one of its methods still runs, after the
//     last mention of it. If the callback would pull away what the method uses,
//     say [runtime.KeepAlive] at the end of the method.
//   - A pointer in a package-level variable, and objects of a few bytes without
//     pointers, may never be collected: see [Attach].
//   - Collection gives no order between objects, and no date. Finalizers of the
//     same object run newest first.
//   - A pass runs one callback after another, since order is what it is for. One
//     that blocks blocks the exit, unless that is bounded (ExitTimeout of
//     package multiproc).
//   - A callback that starts a goroutine which runs a pass, and waits for it, waits
//     until the pass gives up waiting for the callback.
//   - [runtime.Goexit] in a callback ends only that callback, except under Call,
//     whose callback is on the caller's goroutine.
//   - Nothing here survives SIGKILL, [os.Exit] or log.Fatal.
//
// # When not to use it
//
// If the resource has a Close that everybody calls, that is enough. If only
// memory is to be given back, use [runtime.AddCleanup]: it is cheaper, by one
// allocation, one map entry and the note of where it was made.
package finalize
