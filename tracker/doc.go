// Package tracker cleans up after processes that could not: killed by SIGKILL,
// by os.Exit or by log.Fatal [multiprocessing.resource_tracker].
//
// A resource is registered before it is made, and unregistered after it is
// gone. If its owner dies in between, however it dies, a process of its own,
// the tracker, runs the clean-up of that kind. There is one tracker for a tree
// of processes; the first need starts it, and it ends with the tree.
//
//	var mounts = tracker.NewKind("mount", func(ctx context.Context, dir string) error {
//		return unmount(ctx, dir) // runs in the tracker, after its owner is gone
//	})
//
//	err := mounts.Register(dir) // then mount it
//	…
//	err = mounts.Release(ctx, dir) // unmounts, then unregisters
//
// An owner is a process that has registered something. A resource is only what
// identifies it, such as a path: the thing itself stays where it is. Nothing is
// cleaned up as long as one of its owners lives, unless [Kind.Release] is called
// or the owner leaves by the exit sequence of package multiproc.
//
// The tracker is the same binary: it goes through package initialisation, and
// then never reaches main's own code, since multiproc.Main or Init takes over.
// It has a session of its own and none of the caller's standard streams
// (output of a clean-up goes nowhere), is deaf to SIGINT, SIGTERM and SIGHUP,
// and its working directory is the root.
//
// # What is promised
//
// Register returns once the tracker knows. A tracker that is killed, or that
// does not answer, is replaced and told everything anew; one whose owner is
// killed with it can't be, and then [multiproc/tempdir] sweeps what is left of
// its directories in a later run. A clean-up may run more than once, and must
// do no harm then. It runs after the processes that its owner started are gone,
// together with the others of that owner (at most 128 at a time, in no order);
// it has ten seconds, and may panic.
//
// Owners are counted: several processes may register the same resource, and it
// is cleaned up when the last of them has died without unregistering it. So a
// resource is handed over by Register there and then Unregister here. In one
// process the second Register of the same resource changes nothing.
//
// What was cleaned up is logged once, as a warning with the event "leaked", by
// the process that started the owner, else by the root of the tree. What is
// still registered when the root leaves in order is a leak too.
//
// # What a clean-up must not do
//
// It can't register anything or start children: it gets [ErrNotInitialized]. What
// it makes it has to remove itself, since finalizers don't run in the tracker. If
// it ends the process (os.Exit, log.Fatal, a fatal error of the runtime) the next
// tracker knows of the living only: what the dead had left besides is lost.
//
// # Where it works
//
// Where there are no pidfds, an owner is known by its pid and the time of its
// start; on systems other than Linux by its connection, which ends with it.
// There is no tracker on Windows.
package tracker
