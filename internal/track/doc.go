// Package track keeps promises for processes that are dead: the tracker, one
// process for a tree of them, ends what a dead owner has started and cleans up
// what it has registered.
//
// Each process of the tree is an owner and has a link of its own to the
// tracker, a stream of frames that carries descriptors too. It gets there
// through the door, a socket that every child inherits and whose other end the
// root of the tree keeps: so a tracker that was killed is replaced behind the
// same door, and owners come back with all they have.
//
// For processes there is no list of numbers to kill. An owner holds the write
// end of a pipe, its line, and for each child a read end that is armed: when
// the last write end is closed, the kernel kills the child's process group. The
// tracker holds a copy of all of that. An owner dies alone: the tracker's copy
// keeps the children alive for their grace, and is closed after it. The tracker
// dies alone: the owner's copy is there. Both die: the kernel kills at once.
package track
