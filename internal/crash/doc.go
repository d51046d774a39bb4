// Package crash lets a parent read what the Go runtime of a child wrote while
// it died: "fatal error: …" or "panic: …" and the goroutines' stacks.
//
// [debug.SetCrashOutput] would not do. Its copy lacks the line that says what
// was fatal for errors that the runtime itself throws (concurrent map writes,
// stack overflow, out of memory), and there is one such file for a process,
// which belongs to the program. A pipe would not do either: a long traceback
// would block the dying process on a parent that does not read.
//
// So the child's runtime is asked to show each piece of text that it writes to
// descriptor 2, and the piece is copied into memory that is shared with the
// parent and survives the death. One [Area] serves all children of a process
// with one descriptor; a [Slot] costs no memory until something is written.
//
// Linux only. Elsewhere the text goes to stderr alone, as in any Go program.
package crash
