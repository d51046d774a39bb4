//go:build !linux

package sys

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// Executable returns the path that the running binary was started from; a
// file that was replaced since then is another build.
func Executable() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoExecutable, err)
	}
	return path, nil
}

// SetName does nothing here.
func SetName(string) {}

// Monotonic is the wall clock here: the nearest that all processes share.
func Monotonic() time.Duration { return time.Duration(time.Now().UnixNano()) }

// SharedMemory is not available.
func SharedMemory(string) (int, error) { return -1, errors.ErrUnsupported }

// Discard is not available.
func Discard(int, int64, int64) error { return errors.ErrUnsupported }
