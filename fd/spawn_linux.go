package fd

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"multiproc/internal/sys"
)

// From where on a private table costs less than a sparse one, which has a
// system call for each number up to the highest, and for each open descriptor.
const (
	sparseTop  = 512
	sparseOpen = 512
)

// room is how many numbers above the highest one a start needs for a moment.
const room = 8

func spawn(path string, argv []string, pass []int) (pid int, err error) {
	if top, err := low(pass); err == nil && standardOpen() {
		pid, err = sparse(path, argv, pass, top)
		if !errors.Is(err, syscall.EBADF) { // else there is no room above top, or what was open is closed by now
			return pid, err
		}
	}
	pid, err = private(path, argv, pass)
	if !errors.Is(err, sys.ErrNoPrivateTable) {
		return pid, err
	}
	list, listErr := sys.Descriptors()
	if listErr != nil {
		return 0, errors.Join(noList(listErr), err)
	}
	top, herr := highest(list, pass)
	if herr != nil {
		return 0, herr
	}
	if !hasRoom(top) { // the start would say EBADF, as if the program did
		return 0, &Error{"spawn", top, fmt.Errorf("%w above it: raise RLIMIT_NOFILE: %w", syscall.EMFILE, err)}
	}
	return sparse(path, argv, pass, top)
}

var errHigh = errors.New("too many or too high for a sparse table")

// low returns the highest number that a sparse table would have, if it is
// small.
func low(pass []int) (top int, err error) {
	if len(pass) > 0 && pass[len(pass)-1] > sparseTop {
		return 0, errHigh
	}
	list, more, err := sys.FirstDescriptors(sparseOpen)
	if err != nil {
		return 0, err
	}
	if top, err = highest(list, pass); err == nil && (more || top > sparseTop) {
		err = errHigh
	}
	return top, err
}

func hasRoom(top int) bool {
	soft, _, err := sys.FileLimit()
	return err == nil && uint64(top)+room < soft
}

// private starts a program from a thread whose table has nothing in it but what
// is passed, so that nothing has to be closed, and nothing can slip in: also not
// where 0, 1 or 2 is closed, and whatever a goroutine opens gets that number.
func private(path string, argv []string, pass []int) (pid int, err error) {
	env := os.Environ()
	err = sys.OnPrivateTable(pass, func() error {
		for _, n := range pass {
			if err := sys.SetCloexec(n, false); err != nil { // closed meanwhile
				return &Error{"pass", n, err}
			}
		}
		std, done, err := standardFiles()
		if err != nil {
			return err
		}
		defer done()
		pid, err = sys.ForkExec(path, argv, env, std[:])
		return err
	})
	return pid, err
}
