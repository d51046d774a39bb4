//go:build unix

package fd

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"multiproc/internal/sys"
)

// ErrNoList says that the system does not tell which descriptors are open: on
// Linux, that there is no /proc, or none that this process may read, or that
// no descriptor is left to read it by.
var ErrNoList = errors.New("the open descriptors can't be listed")

// ErrNegative is the reason of an [Error] for a number below zero.
var ErrNegative = errors.New("no descriptor has a negative number")

// An Error tells which descriptor it is about.
type Error struct {
	Op  string // what was to be done with it: "close", "keep", "pass", "cloexec", "replace", "spawn"
	FD  int
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("fd: %s %d: %v", e.Op, e.FD, e.Err) }

// Unwrap returns e.Err: [ErrNegative], or a [syscall.Errno], which is EBADF for
// a number that is not open.
func (e *Error) Unwrap() error { return e.Err }

// Close closes descriptors by number [close_fds]. All are tried, in the order
// given; what failed is joined, each failure an [*Error]. A number that is given
// twice is closed once and fails once, unless another goroutine got it
// meanwhile; then that one loses it, as with close(2) itself.
//
// It is for bare numbers. One that belongs to an [os.File] is closed by the
// file's own Close, or else a second time, when somebody else has it.
func Close(fds ...int) error {
	var errs []error
	for _, n := range fds {
		errs = append(errs, closeOne(n))
	}
	return errors.Join(errs...)
}

func closeOne(n int) error {
	if n < 0 {
		return &Error{"close", n, ErrNegative}
	}
	err := sys.Close(n)
	if err == nil || errors.Is(err, syscall.EINTR) { // it is closed then, see close(2)
		return nil
	}
	return &Error{"close", n, err}
}

// List returns the descriptors that were open when it was called, ascending.
// Its own is not among them, but the runtime's are, and those that other
// goroutines are about to close. The error is [ErrNoList].
//
// Its cost grows with the number of open descriptors; on systems other than
// Linux with RLIMIT_NOFILE, and numbers above that are missed.
func List() ([]int, error) {
	list, err := sys.Descriptors()
	if err != nil {
		return nil, noList(err)
	}
	return list, nil
}

func noList(err error) error {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = " (is /proc mounted?)"
	}
	return fmt.Errorf("fd: %w%s: %w", ErrNoList, hint, err)
}

// numbers sorts a list and takes duplicates out of it. The error is of the
// first negative one, and op is what the list is for.
func numbers(op string, list []int) ([]int, error) {
	for _, n := range list {
		if n < 0 {
			return nil, &Error{op, n, ErrNegative}
		}
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list), nil
}

func contains(sorted []int, n int) bool {
	_, found := slices.BinarySearch(sorted, n)
	return found
}
