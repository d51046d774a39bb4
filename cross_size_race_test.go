//go:build race

package multiproc_test

// crossSize is what no socket, pipe or argv holds. The race detector looks at
// each byte, several times.
const crossSize = 20 << 20

// stormDefault is how many rounds a storm has unless a flag says otherwise.
const stormDefault = 8
