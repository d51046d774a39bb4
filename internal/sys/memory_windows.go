package sys

import "errors"

// Truncate is not available.
func Truncate(int, int64) error { return errors.ErrUnsupported }

// Map is not available.
func Map(int, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// ReadAt is not available.
func ReadAt(int, []byte, int64) (int, error) { return 0, errors.ErrUnsupported }
