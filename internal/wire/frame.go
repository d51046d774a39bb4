package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
)

// A Kind says what a frame is.
type Kind byte

// The frames of the control socket, and who sends them.
const (
	_         Kind = iota
	Boot           // parent: who the child is and what it runs
	Arg            // parent: the argument
	Terminate      // parent: end by this deadline
	Run            // spare: it has become a child, and the function is about to run
	Result         // child: the value
	Failure        // child: how the function failed
	Log            // child: a log record
	Ready          // spare: it has been through everything, and waits for an identity
)

const headSize = 5

// MaxFrame is the largest payload, in bytes.
const MaxFrame = 1<<32 - 1

// ErrTooLarge says that a payload exceeds MaxFrame.
var ErrTooLarge = errors.New("larger than 4 GiB")

// A Frame is a kind and its payload.
type Frame struct {
	Kind    Kind
	Payload []byte
}

// Append appends a whole frame to b. The payload is no larger than MaxFrame.
func Append(b []byte, kind Kind, payload []byte) []byte {
	b = append(b, byte(kind))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	return append(b, payload...)
}

// A Writer writes frames, each of them whole, from any number of goroutines.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one frame. After an error the stream is of no use any more.
func (w *Writer) Write(kind Kind, payload []byte) error {
	if uint64(len(payload)) > MaxFrame {
		return ErrTooLarge
	}
	const small = 64 << 10 // worth a copy to save a system call
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(payload) <= small {
		_, err := w.w.Write(Append(make([]byte, 0, headSize+len(payload)), kind, payload))
		return err
	}
	if _, err := w.w.Write(head(kind, len(payload))); err != nil {
		return err
	}
	_, err := w.w.Write(payload)
	return err
}

func head(kind Kind, size int) []byte {
	return binary.LittleEndian.AppendUint32([]byte{byte(kind)}, uint32(size))
}

// ReadFrame reads one frame of at most limit bytes. It returns io.EOF at the
// end of the stream, io.ErrUnexpectedEOF in the middle of a frame. Memory grows
// with what arrives, not with what the head promises.
func ReadFrame(r io.Reader, limit int64) (Frame, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	size := int64(binary.LittleEndian.Uint32(head[1:]))
	if size > min(limit, math.MaxInt) {
		return Frame{}, fmt.Errorf("frame of %d bytes: limit is %d", size, min(limit, math.MaxInt))
	}
	payload, err := readFull(r, int(size))
	return Frame{Kind(head[0]), payload}, err
}

func readFull(r io.Reader, size int) ([]byte, error) {
	const step = 1 << 20
	buf := make([]byte, 0, min(size, step))
	for len(buf) < size {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, min(size-len(buf), max(len(buf), step)))
		}
		part := buf[len(buf):min(size, cap(buf))]
		n, err := io.ReadFull(r, part)
		buf = buf[:len(buf)+n]
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return buf, nil
}
