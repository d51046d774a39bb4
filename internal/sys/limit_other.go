//go:build !linux

package sys

import "errors"

// LimitData is not available.
func LimitData(int64) error { return errors.ErrUnsupported }

// Resident is not available.
func Resident(int) (int64, error) { return 0, errors.ErrUnsupported }
