package sys

import (
	"sync/atomic"
	"unsafe"
)

// Words are the first bytes of shared memory as n numbers, which both sides
// use at the same time. The memory begins at a multiple of eight.
func Words(mem []byte, n int) []atomic.Uint64 {
	_ = mem[8*n-1]
	return unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}
