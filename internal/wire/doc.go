// Package wire is how two processes of this module talk over a stream: frames
// of a kind and a length, and small records of numbers and strings in them.
//
// Both ends are the same binary on the same machine, so there are no versions
// and no tags. What arrives is not trusted all the same: a length is believed
// only as far as bytes follow, and no input panics.
package wire
