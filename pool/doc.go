// Package pool runs one function on many arguments in a few worker processes
// [multiprocessing.Pool, concurrent.futures].
//
//	var thumb = multiproc.NewFunc("thumb", makeThumb)
//
//	func run(ctx context.Context) error {
//		p, err := pool.New(thumb, pool.Options{TaskTimeout: 10 * time.Second, MemoryLimit: 1 << 30})
//		if err != nil {
//			return err
//		}
//		defer p.Close()
//		for path, r := range p.Map(ctx, slices.Values(paths)) {
//			if r.Err != nil {
//				log.Printf("%s: %v", path, r.Err) // the others go on
//				continue
//			}
//			use(r.Value)
//		}
//		return p.Shutdown(ctx)
//	}
//
// What it is for: code that crashes, leaks, hangs, or needs a limit. For pure Go
// that does none of this, goroutines cost less.
//
// # Every task has one outcome
//
// A result, or an error that says why there is none: what the function returned,
// its panic with the stack, the death of its worker with code, signal or crash
// text, the end of its time, the end of its caller's ctx, a value that can't
// cross. It comes as soon as it is known. When a worker dies, the results that
// were ready are kept, the one task that was running fails, and those that had not
// begun go to another worker. Nothing runs twice unless Options.Retries says that
// it may.
//
// The pool goes on: a dead worker is replaced when there is work for another one.
// Workers that end before they have begun anything (a failing package
// initialisation) are replaced more and more slowly, and after five in a row those
// who wait are told why. There is no lock that several processes hold, and nothing
// waits for a worker's help: one that is stopped, stuck or gone delays nobody but
// its own task, and that no longer than Options.TaskTimeout and Grace.
//
// # Workers
//
// A worker is a child of this process like any other: the same binary, started
// with the options of the Func, as a daemon. It runs one task at a time. State that
// it keeps from task to task is a package-level sync.OnceValue or an
// afterfork.Local. Unless its environment has GOMAXPROCS, it has its share of the
// processors, so that all workers together have as many as this process. SIGINT is
// left to this process, and what a worker logs comes out here. A task may start
// processes and have a pool of its own.
//
// When the program exits, workers are terminated as daemons are. What was going
// on then has no outcome but the exit; call [Pool.Shutdown] before.
//
// # Memory
//
// Options.MemoryLimit is enforced in three ways. Go's garbage collector works
// harder near it. On Linux the kernel refuses a worker memory that would bring it
// more than 128 MiB beyond the limit, by RLIMIT_DATA, which counts what is mapped
// whether it is used or not: an allocation that is far too large fails at once,
// before it has cost anything. What programs the worker starts have each the same
// bound. And the pool looks at the resident memory of workers with work, fifty
// times a second, and kills those that are over. A cgroup of its own for each
// worker would be exact, but one can be made only where this process may move
// itself out of its own, which would change the host.
//
// On other systems the garbage collector alone heeds the limit.
//
// # Without processes
//
// With the method [multiproc.InProcess], by options of the Func, of Main, or in a
// test by multiproctest.InProcess, workers are goroutines. Everything else is as
// above, through the same codec, but: a goroutine can't be killed, so a task that
// heeds no ctx goes on when its worker counts as dead; a task that ends or crashes
// its process ends this one; GOMAXPROCS and MemoryLimit have no effect.
package pool
