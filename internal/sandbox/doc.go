// Package sandbox refuses system calls to the process that it runs in, as old
// kernels and the filters of containers do. It is for tests: a refusal can't be
// taken back, so that it is for a process of its own.
package sandbox
