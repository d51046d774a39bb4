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
	return line{r, w}, nil
}

// arm returns an end by which the kernel kills the process, or its group.
func (l *line) arm(pid int, group bool) (int, error) {
	fd, err := sys.Arm(l.r, pid, group)
	if err == nil {
		l.w = above(l.w, fd)
	}
	return fd, err
}

// above returns the write end under a number above that of an armed end.
// Numbers double, so that it seldom moves.
func above(w, armed int) int {
	if w < 0 || w > armed {
		return w
	}
	w, _ = sys.Raise(w, max(64, 2*armed)) // else this process's own death is the one that does not kill
	return w
}

func (l *line) close() {
	if l.w >= 0 {
		_ = sys.Close(l.w)
		_ = sys.Close(l.r)
	}
	*l = noLine
}
