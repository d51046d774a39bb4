//go:build unix && !linux

package sys

const pidfdGroup = 0
