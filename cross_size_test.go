//go:build !race

package multiproc_test

// crossSize is what no socket, pipe or argv holds.
const crossSize = 200 << 20

// stormDefault is how many rounds a storm has unless a flag says otherwise.
const stormDefault = 30
