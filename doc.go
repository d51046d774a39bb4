// Package multiproc runs Go functions, and other programs, in child processes
// and sees to everything around them: a start without leaks, an exit in order,
// and an answer for every way to die.
//
// It gives Go what CPython's multiprocessing gives Python. A whole program:
//
//	var square = multiproc.NewFunc("square", func(ctx context.Context, n int) (int, error) {
//		return n * n, nil // in a process of its own
//	})
//
//	func main() {
//		multiproc.Main(func(ctx context.Context) error {
//			n, err := square.Call(ctx, 12)
//			fmt.Println(n)
//			return err
//		})
//	}
//
// # A child is the same binary, started afresh
//
// Nothing is ever forked without exec: no lock, goroutine or half-written
// buffer follows a child. It is the running binary itself, also when its file
// was replaced or deleted (on Linux; elsewhere the path that it was started
// from). [Main] or [Init] takes over in it before the program's own main
// does anything, and so comes first in main: package initialisation, and what
// stands above Main, runs in every child. os.Args, the working directory and
// the umask are the parent's from package initialisation on, and what isn't
// asked for stays away: a child has standard streams (descriptor 0 is the null
// device unless Stdin is given), its control socket, and nothing else that this
// module would know of.
//
// A child runs with the runtime settings that are in force in its parent, not
// with those that the environment once asked for: GOMAXPROCS (if somebody set
// it), the GC percentage, the memory limit, GODEBUG, GOTRACEBACK and GOCOVERDIR,
// whatever Options.Env says; a value there that isn't this process's own was
// meant for the child. What debug.SetTraceback set has no getter and stays.
//
// # What crosses
//
// Arguments and results are copied. [NewFunc] checks their types, and panics on
// what would be lost or broken on the way: chan, func, complex numbers, uintptr,
// interfaces, os.File, locks, unexported fields and fields that a json tag
// drops, unless a field is left out on purpose with the tag `cbor:"-"`. Types
// with a pair of MarshalBinary or MarshalText and its counterpart cross by them.
// Strings arrive byte for byte, times with nanoseconds and zone, nil and empty
// stay apart. Pointers that shared a target arrive as copies; a cycle is an
// error, as is more than 1 GiB. What fails later, say in a marshaler, is [ErrCodec]
// with the function, the direction and the field.
//
// Errors cross as a [RemoteError]: the text, and those errors of the tree that
// mean the same on both sides, see [RegisterErrors].
//
// # How a child ends
//
// Result answers as soon as the function has returned; Join when the process
// has ended. Each way to die is an error of its own: [RemoteError],
// [PanicError] with the child's stack, [ErrGoexit], and [ExitError] for a
// process that died under its function: with its exit code, its signal, whether
// the kernel killed it for memory, and, for panics in other goroutines and fatal
// errors, the text that the Go runtime wrote. "Ended" is what the kernel says of
// the process: it depends on no descriptor that somebody else may hold. Nothing
// hangs because somebody died, and no time-out is needed to notice.
//
// A function that fails prints nothing, and its process exits with code 1. A
// failure that nobody asks for is logged (event child-failed).
//
// # How a process leaves
//
// On return from run, [Exit], a panic in run, and SIGINT, SIGTERM or SIGHUP, in
// parents and children alike:
//
//  1. finalizers of priority 0 and above (package finalize)
//  2. daemons are terminated, all at once; if a signal or Terminate asked for
//     the exit, every child is
//  3. the remaining children are joined: on an ordinary return without a bound
//  4. the remaining finalizers, and those that were added meanwhile
//  5. the log is written out; the process ends with its code, or by the signal
//
// Terminate carries a deadline. The function's ctx ends at once and it has half
// of the time; finalizers and the child's own children have the rest, and each
// level hands down less than it was given, so that no grace is spent twice. Then
// the child dies by SIGTERM. Whoever is deaf is killed.
//
// With MULTIPROC_EXIT_TRACE=file.json in the environment the main process
// writes how long each step took, in a form that chrome://tracing and Perfetto
// open; children write file.PID.json.
//
// # Where it works
//
// Linux is complete. On other Unix systems waiting costs a thread for each
// child, a crash text is not kept, and a replaced binary is noticed
// ([ErrOtherBuild]) rather than survived. On Windows functions run InProcess
// only: Start says errors.ErrUnsupported.
//
// A goroutine that waits in the poller switches the runtime's detection of
// deadlocks off, and every process with children, and every child, has one.
package multiproc
