// Package tree holds the tests of the source tree itself: each package has one
// package comment, imports only go down, and nothing that is expensive for every
// child is linked. It has no code.
package tree
