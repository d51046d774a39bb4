//go:build !race

package pool_test

import "time"

const (
	raceEnabled = false
	killEvery   = 6 * time.Millisecond // at most
)
