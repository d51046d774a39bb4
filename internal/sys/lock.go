package sys

import "errors"

// ErrNotFree means that a file is no lock that could be taken: somebody holds
// it or has just removed it, or it never was one of this user's.
var ErrNotFree = errors.New("not a free lock")
