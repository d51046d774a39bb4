package crash

import (
	"unsafe"

	"multiproc/internal/sys"
)

// overrideWrite is the hook that the runtime offers for what it writes itself
// (not for os.Stderr); its type is promised not to change, see
// runtime/time_nofake.go.
//
//go:linkname overrideWrite runtime.overrideWrite
var overrideWrite func(fd uintptr, p unsafe.Pointer, n int32) int32

type record struct {
	written, marked uint64
	ring            [ringSize]byte
}

var (
	own  *record // this process's slot
	next func(fd uintptr, p unsafe.Pointer, n int32) int32
)

// Capture makes the runtime of this process leave its last words in the slot
// of the parent's Area. It is called once, before there are other goroutines
// to speak of; the descriptor can be closed afterwards.
func Capture(fd, index int) error {
	mem, err := sys.Map(fd, int64(index)*slotSize, slotSize)
	if err != nil {
		return err
	}
	own = (*record)(unsafe.Pointer(unsafe.SliceData(mem)))
	next = overrideWrite
	overrideWrite = tee
	return nil
}

// tee runs wherever the runtime writes: without a stack to grow, locks held,
// memory exhausted. The runtime's print lock keeps others out meanwhile.
//
//go:nosplit
//go:norace
//go:nocheckptr
func tee(fd uintptr, p unsafe.Pointer, n int32) int32 {
	if fd == 2 {
		own.add(p, n)
	}
	if next != nil {
		return next(fd, p, n)
	}
	return sys.Write(fd, p, n)
}

//go:nosplit
//go:norace
//go:nocheckptr
func (r *record) add(p unsafe.Pointer, n int32) {
	if r.marked == 0 && marks(p, n) {
		r.marked = r.written + 1
	}
	for i := range n {
		if r.marked != 0 && r.written-(r.marked-1) >= ringSize-lead {
			return
		}
		r.ring[r.written%ringSize] = *(*byte)(unsafe.Add(p, i))
		r.written++
	}
}

// markers begin the pieces with which the runtime says that it is dying.
var markers = [...]string{"fatal error: ", "panic: ", "SIG", "unexpected fault address"}

// marks reports whether a piece of text begins with one of markers.
//
//go:nosplit
//go:norace
//go:nocheckptr
func marks(p unsafe.Pointer, n int32) bool {
	for m := range markers {
		marker := markers[m]
		same := int(n) >= len(marker)
		for i := 0; same && i < len(marker); i++ {
			same = *(*byte)(unsafe.Add(p, i)) == marker[i]
		}
		if same {
			return true
		}
	}
	return false
}
