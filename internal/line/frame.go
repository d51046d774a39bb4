package line

import (
	"encoding/binary"
	"errors"
	"math"
)

// A Kind says what an outcome is.
type Kind byte

// The kinds of outcome. A failure is encoded by package remote.
const (
	_        Kind = iota
	Result        // the function's result
	Failure       // how it failed
	Overtime      // how it failed after its time was over
	Skipped       // it was cancelled before it began
	Broken        // it makes no sense
)

// An Outcome is what became of a task.
type Outcome struct {
	Kind    Kind
	Payload []byte // valid until the Line is used again
}

// A frame is a byte, the size of what follows, and that. For a task the byte
// says whether a deadline comes first; for both it may say that the rest lies in
// the bulk, and where.
const (
	frameHead = 5
	plain     = 0
	timed     = 1
	inBulk    = 0x80
)

var errMalformed = errors.New("line: malformed frame")

func appendHead(b []byte, first byte, size int) []byte {
	return binary.LittleEndian.AppendUint32(append(b, first), uint32(size))
}

// cutFrame takes the first frame off b. It is not ok as long as that isn't whole;
// size is what is known to be needed.
func cutFrame(b []byte) (first byte, payload, rest []byte, size int, ok bool) {
	if len(b) < frameHead {
		return 0, nil, b, frameHead, false
	}
	size = int(min(frameHead+uint64(binary.LittleEndian.Uint32(b[1:])), math.MaxInt)) // which may be 31 bits
	if len(b) < size {
		return 0, nil, b, size, false
	}
	return b[0], b[frameHead:size:size], b[size:], size, true
}

// A reader cuts frames from a stream. Its memory grows with what arrives.
type reader struct {
	buf  []byte
	r, w int // what of buf is unread
}

const readSize = 64 << 10

// next returns the next frame if it is there.
func (r *reader) next() (first byte, payload []byte, ok bool) {
	first, payload, _, size, ok := cutFrame(r.buf[r.r:r.w])
	if ok {
		r.r += size
	}
	return first, payload, ok
}

// room returns where to read to. What was returned by next is gone after that.
func (r *reader) room() []byte {
	_, _, _, need, _ := cutFrame(r.buf[r.r:r.w])
	switch unread := r.w - r.r; {
	case r.buf == nil:
		r.buf = make([]byte, 4<<10) // most frames are small
	case r.r > 0 && (unread == 0 || r.r+need > len(r.buf)):
		copy(r.buf, r.buf[r.r:r.w])
		r.r, r.w = 0, unread
	}
	if r.w == 0 && len(r.buf) > 16*readSize && need <= readSize {
		r.buf = make([]byte, readSize) // a large one was here, and need not come again
	}
	if r.w == len(r.buf) { // grow with what has come
		size := max(readSize, min(2*len(r.buf), r.r+need))
		if size <= len(r.buf) {
			size = 2 * len(r.buf)
		}
		grown := make([]byte, size)
		copy(grown, r.buf[:r.w])
		r.buf = grown
	}
	return r.buf[r.w:]
}

func (r *reader) took(n int) { r.w += n }
