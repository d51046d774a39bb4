package track

import (
	"errors"
	"fmt"
	"syscall"

	"multiproc/internal/sys"
)

// A door is a socket pair by which new owners come in. Every process of the
// tree has the outside; the root keeps the inside too, so that nobody who
// knocks while the tracker is being replaced is lost.
type door struct{ outside, inside int }

var noDoor = door{-1, -1}

func newDoor() (door, error) {
	file, inside, err := sys.Pair()
	if err != nil {
		return noDoor, err
	}
	defer sys.CloseReserved(file)
	conn, err := file.SyscallConn()
	if err != nil {
		_ = sys.Close(inside)
		return noDoor, err
	}
	d := door{-1, inside}
	cerr := conn.Control(func(fd uintptr) { d.outside, err = sys.Dup(int(fd)) })
	if err = errors.Join(err, cerr); err != nil {
		_ = sys.Close(inside)
		return noDoor, err
	}
	sys.Reserve(d.outside)
	sys.Reserve(d.inside)
	return d, nil
}

// knock makes a link of this process to whoever answers the door.
func (d door) knock() (*link, error) {
	file, end, err := sys.Pair()
	if err != nil {
		return nil, err
	}
	defer func() { _ = sys.Close(end) }()
	// One byte is never torn apart, however many processes knock at once.
	_, err = sys.SendRights(d.outside, []byte{1}, []int{end})
	if err != nil {
		sys.CloseReserved(file)
		if errors.Is(err, syscall.EAGAIN) {
			return nil, fmt.Errorf("its door is crowded: %w", err)
		}
		return nil, err
	}
	l := newLink(file)
	l.patience = patience
	return l, nil
}

func (d *door) close() {
	for _, fd := range []int{d.outside, d.inside} {
		if fd >= 0 {
			drop(fd)
		}
	}
	*d = noDoor
}
