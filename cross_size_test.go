//go:build !race

package multiproc_test

import "time"

// crossSize is what no socket, pipe or argv holds.
const crossSize = 200 << 20

// stormDefault is how many rounds a storm has unless a flag says otherwise.
const stormDefault = 30

// stormMargin is what the promise allows beyond the grace.
const stormMargin = time.Second
