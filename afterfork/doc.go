// Package afterfork makes fresh what must not be shared between a process and
// the one it was prepared in: hooks, locks and per-process values for the moment
// when a process takes on its identity.
//
// # The moment of identity
//
// Go never forks without exec, so no lock or goroutine of a parent follows a
// child, and what other systems call "after fork" has no literal sense. But
// there is a moment like it. A warm spare of package multiproc is a process that
// ran a preload in advance, before anybody knew which child it would become; the
// moment when it is handed out is the moment when it gets its name, its parent
// and its work. What the preload made (a cache, a connection, a random seed, "who
// am I") was made by nobody in particular, and may need to be made anew:
//
//	var source = afterfork.Local[*rand.Rand]{New: newSource}   // one for each process
//
//	func init() { afterfork.Register(&cache, (*Cache).Reset) } // tell it
//
// For a child that starts cold, the moment is right after package
// initialisation, before its function runs. In a process that is nobody's child
// it doesn't come.
//
// # What happens then
//
//   - A new generation begins: every [Lock] of the process is free, every [Local]
//     is empty. That is one store, however many there are.
//   - Then the hooks given to [Register] run, one after another in the order of
//     registration, skipping objects that are dead. So hooks find locks free.
//   - Then the child's function runs.
//
// A hook that panics or ends its goroutine is logged and stops nothing. The
// hooks are on a goroutine of their own. One that blocks blocks the child.
//
// # Traps
//
//   - No goroutine vanishes. One that the preload started, and that holds a Lock at
//     the moment of identity, goes on as if nothing had happened, beside the next
//     holder: exclusion does not span that moment. That is what makes the lock
//     free, and it is why Lock returns its unlock function: the one of an earlier
//     generation does nothing, where a plain Unlock would free another's lock. Let
//     a preload end its goroutines before it returns, and there is no such case.
//   - Such a goroutine may likewise still use the value that it got from a Local.
//   - A hook must not capture its object, or the object never dies.
//   - A Lock or Local must not be copied; go vet finds it. An argument for another
//     process that holds one must therefore be passed as a pointer, or hold a
//     pointer to it. It arrives free, or empty: what a lock guards is not there.
//   - For a [Local] that is tested inside a testing/synctest bubble: a Get that waits
//     for another's New, like a Lock that waits, is not durably blocked.
//
// # When not to use it
//
// Where no preload touches a thing, a sync.Mutex and a [sync.OnceValue] do the
// same, cheaper.
package afterfork
