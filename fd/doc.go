// Package fd closes, marks, lists and passes on descriptors: what a process does
// with the numbers themselves, rather than with the files behind them.
//
// # The idea
//
// A program that is started inherits every descriptor that its parent left open
// without close-on-exec: a lock that is never released, a pipe whose reader
// never sees its end, a socket that stays bound. Go opens everything
// close-on-exec, but a process also holds what C code opened, and what it
// inherited itself.
//
//	p, err := fd.SpawnPassing(path, argv, []int{7})  // it gets 0, 1, 2 and 7, and nothing else
//	err := fd.CloexecAllExcept(7)                    // so does whatever is started from now on
//	err := fd.CloseAllExcept(7)                      // nothing else is open here, either
//
// The first is for starting one program, and changes nothing in this process.
// The second is for a process that calls [syscall.Exec], or starts programs by
// other means. The third is for one that has just started, to let go of what it
// inherited, or that is about to exec.
//
// # Promises
//
//   - The cost grows with what is open, and not with RLIMIT_NOFILE. Descriptors
//     above a limit that was lowered are found like all others.
//   - CloseAllExcept leaves the Go runtime and package multiproc alive, whatever
//     is in its list: the runtime's poller, its view of the CPU limit, the crash
//     output, and the sockets by which multiproc talks to its children.
//   - 0, 1 and 2 are never left free, so that no file that is opened later
//     becomes somebody's standard error.
//   - A number that a list must not have is an error that names it, before
//     anything is done.
//   - SpawnPassing does not change what it passes; O_NONBLOCK stays as it is,
//     which os/exec clears. A failed exec is its error, and leaves nothing behind.
//
// # Traps
//
//   - CloseAllExcept in a process that lives on is for the brave: who used a
//     descriptor is not told. A goroutine blocked in Read of an [os.File] that was
//     not kept stays blocked, [os.Process.Wait] fails, and so does every network
//     connection. Nobody else may be opening or closing descriptors meanwhile.
//   - What SpawnPassing can't see is a descriptor that C code, or a bare system
//     call, opens without close-on-exec between the moment when it looks and the
//     start: see there.
//   - Where /proc is not mounted, List and CloseAllExcept fail with [ErrNoList];
//     CloexecAllExcept and SpawnPassing need Linux 5.11 then.
//
// # Where it works
//
// All of it on Linux. On other Unix systems there is no CloseAllExcept, since the
// runtime's descriptors can't be told from others there, and what lists
// descriptors tries each number below the limit. On Windows, where descriptors
// have neither numbers to agree on nor a flag to forget, there is nothing.
package fd
