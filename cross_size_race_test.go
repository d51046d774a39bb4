//go:build race

package multiproc_test

import "time"

// crossSize is what no socket, pipe or argv holds. The race detector looks at
// each byte, several times.
const crossSize = 20 << 20

// stormDefault is how many rounds a storm has unless a flag says otherwise.
const stormDefault = 8

// stormMargin is what the promise allows beyond the grace, as many times as the
// detector slows down whoever it watches.
const stormMargin = 5 * time.Second
