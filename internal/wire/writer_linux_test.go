package wire_test

import (
	"errors"
	"math"
	"syscall"
	"testing"

	"multiproc/internal/wire"
)

// Address space that nobody may touch: a payload of this size that costs
// nothing, and a look at its bytes would be the end.
func TestPayloadAboveMaxFrameIsRefused(t *testing.T) {
	size := uint64(wire.MaxFrame) + 1
	if size > math.MaxInt {
		t.Skip("no slice can be that large here")
	}
	huge, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(huge)
	s := &sink{}
	if err := wire.NewWriter(s).Write(wire.Arg, huge); !errors.Is(err, wire.ErrTooLarge) || s.calls != 0 {
		t.Errorf("Write = %v after %d writes, want %v after none", err, s.calls, wire.ErrTooLarge)
	}
}
