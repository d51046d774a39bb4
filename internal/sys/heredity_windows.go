package sys

import "errors"

// Heredity is not available.
type Heredity struct{}

// Read is not available.
func (*Heredity) Read() (umask int, rest string, err error) { return -1, "", errors.ErrUnsupported }

// Close does nothing.
func (*Heredity) Close() {}

// SetUmask is not available.
func SetUmask(int) {}
