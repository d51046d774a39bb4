package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
)

// The major types and simple values of RFC 8949 that are in use here.
const (
	majorUint  byte = 0 << 5
	majorNeg   byte = 1 << 5 // -1 minus the argument
	majorBytes byte = 2 << 5
	majorText  byte = 3 << 5
	majorArray byte = 4 << 5
	majorMap   byte = 5 << 5
	majorMask  byte = 7 << 5

	simpleFalse = 0xf4
	simpleTrue  = 0xf5
	simpleNull  = 0xf6
	headFloat32 = 0xfa
	headFloat64 = 0xfb
)

type encoder struct {
	buf      []byte
	depth    int
	above    map[ref]struct{} // what is being encoded, once it is suspiciously deep
	maxDepth int
	maxSize  int
}

// ref identifies a pointer, map or slice. A slice and its first element may
// share an address, and so may two slices of different length.
type ref struct {
	ptr uintptr
	len int
	typ reflect.Type
}

func (e *encoder) head(major byte, n uint64) {
	switch {
	case n < 24:
		e.buf = append(e.buf, major|byte(n))
	case n <= math.MaxUint8:
		e.buf = append(e.buf, major|24, byte(n))
	case n <= math.MaxUint16:
		e.buf = binary.BigEndian.AppendUint16(append(e.buf, major|25), uint16(n))
	case n <= math.MaxUint32:
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, major|26), uint32(n))
	default:
		e.buf = binary.BigEndian.AppendUint64(append(e.buf, major|27), n)
	}
}

// fits refuses more bytes than a value may have, before they are made.
func (e *encoder) fits(more int) error {
	if more > e.maxSize || len(e.buf) > e.maxSize-more {
		return errTooLarge
	}
	return nil
}

// suspicious is the depth from which on an encoder looks for cycles: real data
// is hardly ever that deep, and pays nothing for the search.
const suspicious = 500

// enter goes one level down, into v; leave comes back up.
func (e *encoder) enter(v reflect.Value) error {
	e.depth++
	if e.depth > e.maxDepth {
		return errTooDeep
	}
	if e.depth <= suspicious {
		return nil
	}
	r := refOf(v)
	if _, found := e.above[r]; found {
		return errCycle
	}
	if e.above == nil {
		e.above = make(map[ref]struct{})
	}
	e.above[r] = struct{}{}
	return nil
}

func (e *encoder) leave(v reflect.Value) {
	if e.depth > suspicious {
		delete(e.above, refOf(v))
	}
	e.depth--
}

func refOf(v reflect.Value) ref {
	r := ref{ptr: v.Pointer(), typ: v.Type()}
	if v.Kind() == reflect.Slice {
		r.len = v.Len()
	}
	return r
}

type decoder struct {
	data     []byte
	off      int
	depth    int
	maxDepth int
}

func (d *decoder) enter() error {
	if d.depth++; d.depth > d.maxDepth {
		return errTooDeep
	}
	return nil
}

func (d *decoder) leave() { d.depth-- }

// head reads a major type and its argument. Indefinite lengths, which nothing
// here writes, are refused with the reserved forms.
func (d *decoder) head() (major byte, n uint64, err error) {
	if d.off >= len(d.data) {
		return 0, 0, io.ErrUnexpectedEOF
	}
	b := d.data[d.off]
	major, info := b&majorMask, b&^majorMask
	if info < 24 {
		d.off++
		return major, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, fmt.Errorf("byte %#x at %d begins nothing", b, d.off)
	}
	size := 1 << (info - 24)
	if len(d.data)-d.off-1 < size {
		return 0, 0, io.ErrUnexpectedEOF
	}
	for _, b := range d.data[d.off+1 : d.off+1+size] {
		n = n<<8 | uint64(b)
	}
	d.off += 1 + size
	return major, n, nil
}

var errMismatch = errors.New("the data is of another type")

func (d *decoder) expect(major byte) (uint64, error) {
	got, n, err := d.head()
	if err == nil && got != major {
		err = errMismatch
	}
	return n, err
}

// length reads how many elements follow, of at least each bytes. It is
// refused if the input isn't long enough for them, so that no length makes
// memory.
func (d *decoder) length(major byte, each int) (int, error) {
	n, err := d.expect(major)
	if err != nil {
		return 0, err
	}
	if n > uint64(len(d.data)-d.off)/uint64(each) {
		return 0, io.ErrUnexpectedEOF
	}
	return int(n), nil
}

// fixed reads the length of what must have just want elements.
func (d *decoder) fixed(major byte, want int) error {
	n, err := d.expect(major)
	if err == nil && n != uint64(want) {
		err = fmt.Errorf("%d elements, want %d", n, want)
	}
	return err
}

// null reads a null if one is next.
func (d *decoder) null() bool {
	if d.off < len(d.data) && d.data[d.off] == simpleNull {
		d.off++
		return true
	}
	return false
}

// bytes reads a string of bytes or text; the result is part of the input.
func (d *decoder) bytes(major byte) ([]byte, error) {
	n, err := d.length(major, 1)
	if err != nil {
		return nil, err
	}
	b := d.data[d.off : d.off+n : d.off+n]
	d.off += n
	return b, nil
}
