package sys

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

// MaxFD is the highest number that a descriptor could have.
const MaxFD = math.MaxInt32

const (
	processTable = "/proc/self/fd"        // what the threads of this process share
	threadTable  = "/proc/thread-self/fd" // and one that does not
)

// Descriptors lists the open descriptors, ascending. It works when no more
// can be opened, too, as far as the hard limit or the kernel allow.
func Descriptors() ([]int, error) {
	list, _, err := FirstDescriptors(math.MaxInt)
	if !errors.Is(err, unix.EMFILE) {
		return list, err
	}
	err = OnPrivateTable(nil, func() (err error) { // a table with room
		_ = unix.Close(0) // needed if the limit is as low as that
		list, _, err = listTable(processTable, math.MaxInt, false)
		return err
	})
	if !errors.Is(err, ErrNoPrivateTable) {
		return list, err
	}
	restore, rerr := RaiseFileLimit()
	if rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	defer restore()
	list, _, err = FirstDescriptors(math.MaxInt)
	return list, err
}

// FirstDescriptors is Descriptors for the lowest numbers, about enough of them
// at least. More says that there are others.
func FirstDescriptors(enough int) (list []int, more bool, err error) {
	return listTable(processTable, enough, true)
}

// listTable reads a table with bare system calls: a file of the os package
// would cost more than the rest. Its own descriptor is left out if it is one of
// that table.
func listTable(dir string, enough int, ownTable bool) (list []int, more bool, err error) {
	own, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer func() { _ = unix.Close(own) }()
	list = make([]int, 0, 32)
	buf := make([]byte, 4096)
	for len(list) < enough {
		n, err := unix.Getdents(own, buf)
		if err != nil {
			return nil, false, &fs.PathError{Op: "readdir", Path: dir, Err: err}
		}
		if n == 0 {
			break
		}
		list = appendNumbers(list, buf[:n])
		more = len(list) >= enough
	}
	if ownTable {
		list = slices.DeleteFunc(list, func(fd int) bool { return fd == own })
	}
	slices.Sort(list)
	return list, more, nil
}

// appendNumbers appends the names in entries of a directory, as getdents64(2)
// returns them, that are numbers.
func appendNumbers(list []int, entries []byte) []int {
	const lengthAt, nameAt = 16, 19
	for len(entries) > nameAt {
		length := binary.NativeEndian.Uint16(entries[lengthAt:])
		number, digits := 0, false
		for _, c := range entries[nameAt:length] {
			if c < '0' || c > '9' {
				break
			}
			number, digits = 10*number+int(c-'0'), true
		}
		if digits {
			list = append(list, number)
		}
		entries = entries[length:]
	}
	return list
}
