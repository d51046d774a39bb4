// Package sys is where this module talks to the operating system: processes
// and their pidfds, sockets, descriptors, shared memory.
//
// It is the only package that imports golang.org/x/sys, but for internal/sandbox,
// which is for tests, and, with
// internal/crash, the only one that uses unsafe. It holds no policy: who is
// started, waited for and signalled, and when, is decided above.
package sys
