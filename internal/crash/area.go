package crash

import (
	"encoding/binary"
	"sync"

	"multiproc/internal/sys"
)

// An Area is the memory in which the children of a process leave their last
// words. Its methods are safe for concurrent use.
type Area struct {
	mu   sync.Mutex
	fd   int // -1 before the first slot, or where there is no such memory
	size int // in slots
	next int // slots below it were given out once
	free []int
}

// NewArea returns an Area that holds nothing yet.
func NewArea() *Area { return &Area{fd: -1} }

// A Slot is one child's part of an Area. The nil Slot is a child without one.
type Slot struct {
	area  *Area
	index int
}

// Take returns a slot, or nil where shared memory can't be had: a child
// without one only loses its crash text.
func (a *Area) Take() *Slot {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.free); n > 0 {
		index := a.free[n-1]
		a.free = a.free[:n-1]
		return &Slot{a, index}
	}
	if !a.growLocked() {
		return nil
	}
	a.next++
	return &Slot{a, a.next - 1}
}

func (a *Area) growLocked() bool {
	if a.fd < 0 {
		fd, err := sys.SharedMemory("multiproc-crash")
		if err != nil { // out of descriptors, say: the next child may have a slot
			return false
		}
		sys.Reserve(fd)
		a.fd = fd
	}
	if a.next < a.size {
		return true
	}
	size := max(64, 2*a.size)
	if sys.Truncate(a.fd, int64(size)*slotSize) != nil {
		return false
	}
	a.size = size
	return true
}

// Close gives the memory back, if no slot is in use.
func (a *Area) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fd >= 0 && len(a.free) == a.next {
		sys.Unreserve(a.fd)
		_ = sys.Close(a.fd)
		a.fd, a.size, a.next, a.free = -1, 0, 0, nil
	}
}

// FD is the descriptor that the child must get, -1 for the nil Slot.
func (s *Slot) FD() int {
	if s == nil {
		return -1
	}
	return s.area.fd
}

// Index tells the child which part is its own.
func (s *Slot) Index() int {
	if s == nil {
		return -1
	}
	return s.index
}

// Text returns the crash text of a child that has ended, or an empty string.
func (s *Slot) Text() string {
	if s == nil || !s.used() {
		return ""
	}
	slot := make([]byte, slotSize)
	if n, err := sys.ReadAt(s.area.fd, slot, s.offset()); err != nil || n != slotSize {
		return ""
	}
	return text(slot)
}

// Release gives the slot of a child that has ended to the next one.
func (s *Slot) Release() {
	if s == nil {
		return
	}
	if s.used() && sys.Discard(s.area.fd, s.offset(), slotSize) != nil {
		return // with a stranger's text in it the slot is of no use any more
	}
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	s.area.free = append(s.area.free, s.index)
}

func (s *Slot) offset() int64 { return int64(s.index) * slotSize }

func (s *Slot) used() bool {
	var head [header]byte
	n, err := sys.ReadAt(s.area.fd, head[:], s.offset())
	return err == nil && n == header && binary.NativeEndian.Uint64(head[:]) != 0
}
