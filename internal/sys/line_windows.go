package sys

import (
	"errors"
	"time"
)

// TryWrite is not available.
func TryWrite(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

// WriteAll is not available.
func WriteAll(int, []byte) error { return errors.ErrUnsupported }

// AwaitInput is false.
func AwaitInput(int, time.Duration) bool { return false }

// Ready is false.
func Ready(int, bool) bool { return false }

// BarePair is not available.
func BarePair() (parent, child int, err error) { return -1, -1, errors.ErrUnsupported }

// StopReading does nothing.
func StopReading(int) {}

// StopWriting does nothing.
func StopWriting(int) {}

// Unmap is not available.
func Unmap([]byte) error { return errors.ErrUnsupported }
