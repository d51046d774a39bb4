package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

func (e *encoder) bytes(b []byte) error {
	if err := e.fits(len(b)); err != nil {
		return err
	}
	e.head(majorBytes, uint64(len(b)))
	e.buf = append(e.buf, b...)
	return nil
}

func (e *encoder) null() { e.buf = append(e.buf, simpleNull) }

func encodeBytes(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	return e.bytes(v.Bytes())
}

func decodeBytes(d *decoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	b, err := d.bytes(majorBytes)
	if err == nil {
		v.SetBytes(bytes.Clone(b))
	}
	return err
}

func encodeByteArray(e *encoder, v reflect.Value) error { return e.bytes(v.Bytes()) }

func decodeByteArray(d *decoder, v reflect.Value) error {
	b, err := d.bytes(majorBytes)
	if err != nil {
		return err
	}
	if len(b) != v.Len() {
		return fmt.Errorf("%d bytes, want %d", len(b), v.Len())
	}
	copy(v.Bytes(), b)
	return nil
}

// Numbers by the million are why programs have more than one process, so the
// commonest of their slices does without reflection.
var floatsType = reflect.TypeFor[[]float64]()

func encodeFloats(e *encoder, v reflect.Value) error {
	floats := *v.Addr().Interface().(*[]float64)
	if floats == nil {
		e.null()
		return nil
	}
	if err := e.fits(len(floats) * 8); err != nil {
		return err
	}
	e.head(majorBytes, uint64(len(floats))*8)
	begin := len(e.buf)
	e.buf = slices.Grow(e.buf, len(floats)*8)[:begin+len(floats)*8]
	for i, f := range floats {
		binary.BigEndian.PutUint64(e.buf[begin+i*8:], math.Float64bits(f))
	}
	return nil
}

func decodeFloats(d *decoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	b, err := d.bytes(majorBytes)
	if err != nil {
		return err
	}
	if len(b)%8 != 0 {
		return errMismatch
	}
	floats := make([]float64, len(b)/8)
	for i := range floats {
		floats[i] = math.Float64frombits(binary.BigEndian.Uint64(b[i*8:]))
	}
	*v.Addr().Interface().(*[]float64) = floats
	return nil
}

type sliceNode struct {
	t    reflect.Type
	elem *node
}

func (s *sliceNode) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	n := v.Len()
	// A slice of nothing much can be longer than memory: ask before the loop.
	if n > e.maxSize/s.elem.min {
		return errTooLarge
	}
	if err := e.enter(v); err != nil {
		return err
	}
	e.head(majorArray, uint64(n))
	if err := encodeEach(e, v, n, s.elem); err != nil {
		return err
	}
	e.leave(v)
	return nil
}

func (s *sliceNode) decode(d *decoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	n, err := d.length(majorArray, s.elem.min)
	if err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(s.t, n, n))
	if err := decodeEach(d, v, n, s.elem); err != nil {
		return err
	}
	d.leave()
	return nil
}

type arrayNode struct {
	len  int
	elem *node
	min  int // bytes
}

func (a *arrayNode) encode(e *encoder, v reflect.Value) error {
	if a.min >= e.maxSize {
		return errTooLarge
	}
	e.head(majorArray, uint64(a.len))
	return encodeEach(e, v, a.len, a.elem)
}

func (a *arrayNode) decode(d *decoder, v reflect.Value) error {
	if err := d.fixed(majorArray, a.len); err != nil {
		return err
	}
	return decodeEach(d, v, a.len, a.elem)
}

func encodeEach(e *encoder, v reflect.Value, n int, elem *node) error {
	for i := range n {
		if err := elem.enc(e, v.Index(i)); err != nil {
			return at(err, "["+strconv.Itoa(i)+"]")
		}
		if len(e.buf) > e.maxSize {
			return errTooLarge
		}
	}
	return nil
}

func decodeEach(d *decoder, v reflect.Value, n int, elem *node) error {
	for i := range n {
		if err := elem.dec(d, v.Index(i)); err != nil {
			return at(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}
