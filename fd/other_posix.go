//go:build unix && !linux

package fd

import (
	"errors"

	"multiproc/internal/sys"
)

func cloexecRanges([]int) error { return errors.ErrUnsupported }

func spawn(path string, argv []string, pass []int) (pid int, err error) {
	list, err := sys.Descriptors()
	if err != nil {
		return 0, noList(err)
	}
	top, err := highest(list, pass)
	if err != nil {
		return 0, err
	}
	return sparse(path, argv, pass, top)
}
