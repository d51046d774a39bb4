// Package exitseq is the order in which a process leaves: finalizers, then
// children, then the remaining finalizers. It holds the order, the bounds and
// the bookkeeping of time; what a finalizer or a child is comes from outside,
// so that the order can be tested without processes.
package exitseq
