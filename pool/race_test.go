//go:build race

package pool_test

import "time"

const (
	raceEnabled = true
	killEvery   = 200 * time.Millisecond // at most; a start takes ten times as long
)
