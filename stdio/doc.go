// Package stdio sees to the standard streams: that nobody reads a standard input
// that is not his, and that buffered output is out before the process is gone.
//
// # The idea
//
// A child that shares its parent's standard input takes away what the parent
// was to read, a byte here and a line there. Setting os.Stdin to something else
// does not help: descriptor 0 is what the programs inherit that the process
// starts. [CloseStdin] replaces the descriptor. Children of package multiproc
// are born that way, unless they are given a Stdin; for other programs it is here.
//
// A buffer is lost with the process. [FlushAtExit] hands a buffered writer to the
// exit sequence of package multiproc, in the main process and in children:
//
//	var out = bufio.NewWriter(os.Stdout)
//
//	func main() {
//		stdio.FlushAtExit(out)
//		multiproc.Main(run)
//	}
//
// Above Main, that registers the writer in children too, each of which has a
// buffer of its own: what a process has buffered comes out once.
//
// # At exit
//
//   - Writers are flushed when all finalizers have run and the output of ended
//     children was copied, the newest first: one that writes into another comes
//     before it.
//   - The exit code is what the function or the program has earned, whatever
//     becomes of the output. A stream that is closed or that nobody reads any more
//     (EPIPE, EBADF, [os.ErrClosed], [io.ErrClosedPipe]) is an event in the log,
//     flush-failed; any other failure, a panic included, is a line on standard
//     error. A program that must end with an error when its output is lost calls
//     [Flush] itself.
//   - SIGPIPE does not end the process meanwhile.
//   - A writer that blocks holds up the exit, as a slow reader is worth waiting for.
//     It is given up where the exit is bounded: two seconds after a signal or
//     Terminate has asked for it, and with the second signal; the other writers
//     are tried before that. MainOptions.ExitTimeout ends the process over it.
//
// Nothing here survives SIGKILL, [os.Exit] or log.Fatal. A program that does not
// leave by package multiproc calls [Flush] at the end of main.
//
// # Where it works
//
// CloseStdin is for Unix systems. On Windows a standard handle can't be replaced
// beneath os.Stdin, so that it does not exist there.
package stdio
