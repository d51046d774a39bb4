//go:build !race

package multiproc_test

// crossSize is what no socket, pipe or argv holds.
const crossSize = 200 << 20
