//go:build unix

package fd

import (
	"errors"
	"syscall"

	"multiproc/internal/sys"
)

// CloexecAllExcept sets the close-on-exec flag of every descriptor but 0, 1, 2
// and those in keep, which are not touched: neither is a flag taken from them
// nor given to them. Nothing is closed. What is started from then on, by
// whatever means, gets no others; what C code opens later without the flag is
// not covered.
//
// Numbers in keep that are not open, and duplicates, don't matter. The error of
// a negative one is an [*Error], and nothing is done. It may be called at any
// time, from any goroutine; but a list that others want to pass on by
// inheritance, as LISTEN_FDS or a jobserver of make, is for its caller to keep.
//
// It takes a few system calls (Linux 5.11), or else one for each open
// descriptor; then the error can also be [ErrNoList].
func CloexecAllExcept(keep ...int) error {
	keep, err := numbers("keep", keep)
	if err != nil {
		return err
	}
	rangeErr := cloexecRanges(keep)
	if rangeErr == nil {
		return nil
	}
	if err := cloexecEach(keep); err != nil {
		return errors.Join(err, rangeErr)
	}
	return nil
}

// cloexecEach is for systems that can't do it in ranges.
func cloexecEach(keep []int) error {
	list, err := sys.Descriptors()
	if err != nil {
		return noList(err)
	}
	var errs []error
	for _, n := range list {
		if n <= 2 || contains(keep, n) {
			continue
		}
		if err := sys.SetCloexec(n, true); err != nil && !errors.Is(err, syscall.EBADF) { // closed meanwhile
			errs = append(errs, &Error{"cloexec", n, err})
		}
	}
	return errors.Join(errs...)
}
