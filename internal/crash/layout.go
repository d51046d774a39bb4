package crash

import (
	"bytes"
	"encoding/binary"
)

// A slot is a header and a ring of what was written last. From the first
// marker on nothing older than lead bytes before it is overwritten: gctrace or
// println may have filled the ring before, but the head of the crash is what
// tells why.
const (
	slotSize = 64 << 10 // a multiple of every page size in use
	header   = 16       // two numbers in the byte order of the machine: written, marked
	ringSize = slotSize - header
	lead     = 1 << 10
)

// text puts together what a slot says of a crash; empty if there was none.
func text(slot []byte) string {
	written := binary.NativeEndian.Uint64(slot)
	marked := binary.NativeEndian.Uint64(slot[8:])
	if marked == 0 || marked > written {
		return ""
	}
	fatal := marked - 1
	start := fatal - min(fatal, lead)
	if oldest := written - min(written, ringSize); start < oldest {
		start = oldest
	}
	out := make([]byte, 0, written-start)
	for at := start; at < written; at++ {
		out = append(out, slot[header+at%ringSize])
	}
	if before := out[:min(fatal-start, uint64(len(out)))]; start > 0 { // begin with a whole line
		out = out[bytes.IndexByte(before, '\n')+1:]
	}
	return string(out)
}
