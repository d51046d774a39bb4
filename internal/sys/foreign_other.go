//go:build !linux

package sys

import (
	"errors"
	"syscall"
)

// SelfPidfd is not available.
func SelfPidfd() (int, error) { return -1, errors.ErrUnsupported }

// StartTime is not available.
func StartTime(int) (uint64, error) { return 0, errors.ErrUnsupported }

// State is not available.
func State(int) (byte, error) { return 0, errors.ErrUnsupported }

// Wait returns at once: nothing tells of the end here but the process's own
// sockets, which have been closed before this is asked.
func (f *Foreign) Wait() {}

// Signal is not available: nothing keeps the number from being somebody else's.
func (f *Foreign) Signal(syscall.Signal) error { return errors.ErrUnsupported }
