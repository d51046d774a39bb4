//go:build race

package fd_test

const failures = 200
