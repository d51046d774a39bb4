package fd

import (
	"errors"
	"fmt"
	"syscall"

	"multiproc/internal/sys"
)

// CloseAllExcept closes what a process does not need [close_all_fds_except]. It
// is for one that has just started, or is about to exec: what else runs in it
// is not told, see the traps of this package. Nobody else may be opening or
// closing descriptors meanwhile.
//
//   - Those in keep stay; 0 in it keeps 0. Numbers that are not open, and
//     duplicates, don't matter. A negative one is an [*Error], and nothing is
//     done.
//   - What the Go runtime and package multiproc themselves use stays, in the
//     list or not. So do files of the process's cgroup that the runtime reads,
//     also if the program has opened them once more.
//   - 0, 1 and 2 become the null device if they are not kept, or not open.
//   - What has no close-on-exec flag was inherited, and is closed.
//   - What has the flag may belong to an [os.File] that closes the number when it
//     is collected. It becomes a close-on-exec null device under the same number:
//     the resource is let go of, and the number stays taken, so that no later
//     owner of it suffers. An [os.File] for an inherited number must be closed, or
//     kept, before.
//
// The cost grows with the number of open descriptors. Those above RLIMIT_NOFILE
// are included; for that, a soft limit that is too low is raised for the moment.
// What failed is joined; the rest is done then nevertheless, unless the error
// says that the descriptors can't be listed ([ErrNoList]) or that there is no
// null device (an [*fs.PathError]).
func CloseAllExcept(keep ...int) error {
	keep, err := numbers("keep", keep)
	if err != nil {
		return err
	}
	sys.Opening.Lock()
	defer sys.Opening.Unlock()
	open, err := sys.Descriptors()
	if err != nil {
		return noList(err)
	}
	soft, hard, err := sys.FileLimit()
	if err != nil {
		return fmt.Errorf("fd: %w", err)
	}
	p := makePlan(open, keep, hard)
	if top := p.top(); top >= 0 && uint64(top) >= soft {
		restore, err := sys.RaiseFileLimit()
		if err != nil {
			return fmt.Errorf("fd: descriptor %d: %w", top, err)
		}
		defer restore()
	}
	return p.run()
}

// A plan is what becomes of the descriptors that are not kept.
type plan struct {
	closed   []int
	replaced []int // by the null device
}

// makePlan decides; open and keep ascend.
func makePlan(open, keep []int, hard uint64) *plan {
	p := new(plan)
	for n := range 3 {
		if !contains(keep, n) || !contains(open, n) {
			p.replaced = append(p.replaced, n)
		}
	}
	runtime, reserved := sys.NewRuntimeTable(), sys.Reserved()
	for _, n := range open {
		if n <= 2 || reserved[n] || contains(keep, n) {
			continue
		}
		cloexec, err := sys.IsCloexec(n)
		switch {
		case err != nil: // closed meanwhile
		case !cloexec, uint64(n) >= hard: // nobody gets a number above the limit again
			p.closed = append(p.closed, n)
		case !runtime.Has(n):
			p.replaced = append(p.replaced, n)
		}
	}
	return p
}

// top is the highest number that is replaced, or -1.
func (p *plan) top() int {
	if len(p.replaced) == 0 {
		return -1
	}
	return p.replaced[len(p.replaced)-1]
}

// run does what is planned. Nothing is closed if there is no null device.
func (p *plan) run() error {
	null := -1
	if len(p.replaced) > 0 {
		var err error
		if null, err = sys.OpenNull(); errors.Is(err, syscall.EMFILE) {
			_ = sys.Close(p.replaced[0]) // makes room; it is the null device then
			null, err = sys.OpenNull()
		}
		if err != nil {
			return fmt.Errorf("fd: %w", err)
		}
	}
	errs := []error{closeRuns(p.closed)}
	for _, n := range p.replaced {
		var err error
		if n == null { // it was free
			err = sys.SetCloexec(n, n > 2)
		} else {
			err = sys.Replace(n, null, n > 2)
		}
		if err != nil {
			errs = append(errs, &Error{"replace", n, err})
		}
	}
	if null >= 0 && !contains(p.replaced, null) {
		errs = append(errs, closeOne(null))
	}
	return errors.Join(errs...)
}

// closeRuns closes numbers, which ascend, a run of neighbours at once. Gaps are
// left alone: what is there now was opened by somebody else.
func closeRuns(list []int) error {
	var errs []error
	for len(list) > 0 {
		end := 1
		for end < len(list) && list[end] == list[end-1]+1 {
			end++
		}
		if end == 1 || sys.CloseRange(list[0], list[end-1]) != nil {
			for _, n := range list[:end] {
				if err := closeOne(n); !errors.Is(err, syscall.EBADF) { // else closed meanwhile
					errs = append(errs, err)
				}
			}
		}
		list = list[end:]
	}
	return errors.Join(errs...)
}
