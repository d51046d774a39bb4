package track

import (
	"multiproc/internal/sys"
)

// A line is the pipe that the children of this process live by: nothing is
// ever written to it, and the kernel kills them when its last write end is
// closed.
type line struct{ r, w int }

var noLine = line{-1, -1}

// newLine opens a line. Its write end has the highest number of this process's
// descriptors, or will have: see arm.
func newLine() (line, error) {
	r, w, err := sys.Pipe()
	if err != nil {
		return noLine, err
	}
	sys.Reserve(r)
	sys.Reserve(w)
	return line{r, above(w, r)}, nil
}

// arm returns an end by which the kernel kills the process, or its group.
func (l *line) arm(pid int, group bool) (int, error) {
	fd, err := sys.Arm(l.r, pid, group)
	if err == nil {
		sys.Reserve(fd)
		l.w = above(l.w, fd)
	}
	return fd, err
}

// drop closes a descriptor that package fd was not to close.
func drop(fd int) {
	sys.Unreserve(fd)
	_ = sys.Close(fd)
}

// above returns the write end under a number above that of an armed end, and
// well above, so that the next one is seldom the higher one even for the moment
// until the write end moves.
func above(w, armed int) int {
	if w < 0 || w > 2*armed {
		return w
	}
	higher, err := sys.DupAbove(w, max(64, 4*armed))
	if err != nil {
		return w // this process's own death is the one that does not kill then
	}
	sys.Reserve(higher)
	drop(w)
	return higher
}

func (l *line) close() {
	if l.w >= 0 {
		drop(l.w)
		drop(l.r)
	}
	*l = noLine
}
