//go:build unix && race

package main

// The race detector's own allocator exits when it gets no memory.
func init() { endOfBomb = `the worker died: exited with code 66` }
