//go:build unix && !linux

package sys

// Descriptors lists the open descriptors, ascending, by trying every number
// below the limit: /dev/fd does not show all of them everywhere.
func Descriptors() ([]int, error) {
	soft, _, err := FileLimit()
	if err != nil {
		return nil, err
	}
	var fds []int
	for fd := range int(min(soft, 1<<24)) {
		if IsOpen(fd) {
			fds = append(fds, fd)
		}
	}
	return fds, nil
}
