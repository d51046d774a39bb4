package fd

import (
	"slices"

	"multiproc/internal/sys"
)

// cloexecRanges sets close-on-exec in the gaps between 2 and the numbers in
// keep, which ascend.
func cloexecRanges(keep []int) error {
	first := 3
	for _, n := range append(slices.Clip(keep), sys.MaxFD) {
		if n > sys.MaxFD {
			n = sys.MaxFD // nothing is open up there
		}
		if first < n {
			if err := sys.CloexecRange(first, n-1); err != nil {
				return err
			}
		}
		first = max(first, n+1)
	}
	return nil
}
