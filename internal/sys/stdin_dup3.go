//go:build linux || freebsd

package sys

import "golang.org/x/sys/unix"

// replace makes to what from is, open across an exec.
func replace(from, to int) error { return unix.Dup3(from, to, 0) }
