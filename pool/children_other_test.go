//go:build unix && !linux

package pool_test

import "testing"

func childrenOf(t *testing.T, _ int) []int { t.Skip("no list of children here"); return nil }
