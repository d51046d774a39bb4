//go:build !linux

package sys

import (
	"errors"
	"syscall"
)

// Pipe is not available.
func Pipe() (r, w int, err error) { return -1, -1, errors.ErrUnsupported }

// Arm is not available.
func Arm(r, pid int, group bool) (int, error) { return -1, errors.ErrUnsupported }

// SignalArmed is not available.
func SignalArmed(int, syscall.Signal) error { return errors.ErrUnsupported }

// ArmedRuns is false.
func ArmedRuns(int) bool { return false }

// DupAbove is not available.
func DupAbove(int, int) (int, error) { return -1, errors.ErrUnsupported }
