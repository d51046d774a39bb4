//go:build !race

package fd_test

// failures is how many starts fail in a row.
const failures = 1000
