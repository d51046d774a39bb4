package codec

import (
	"encoding/binary"
	"io"
	"math"
	"reflect"
)

func encodeBool(e *encoder, v reflect.Value) error {
	b := byte(simpleFalse)
	if v.Bool() {
		b = simpleTrue
	}
	e.buf = append(e.buf, b)
	return nil
}

func decodeBool(d *decoder, v reflect.Value) error {
	if d.off >= len(d.data) {
		return io.ErrUnexpectedEOF
	}
	b := d.data[d.off]
	if b != simpleFalse && b != simpleTrue {
		return errMismatch
	}
	d.off++
	v.SetBool(b == simpleTrue)
	return nil
}

func encodeInt(e *encoder, v reflect.Value) error {
	e.int(v.Int())
	return nil
}

func (e *encoder) int(i int64) {
	if i < 0 {
		e.head(majorNeg, uint64(^i))
	} else {
		e.head(majorUint, uint64(i))
	}
}

func decodeInt(d *decoder, v reflect.Value) error {
	i, err := d.int()
	if err != nil {
		return err
	}
	if v.OverflowInt(i) {
		return errMismatch
	}
	v.SetInt(i)
	return nil
}

func (d *decoder) int() (int64, error) {
	major, n, err := d.head()
	switch {
	case err != nil:
		return 0, err
	case major > majorNeg || n > math.MaxInt64:
		return 0, errMismatch
	case major == majorNeg:
		return ^int64(n), nil
	}
	return int64(n), nil
}

func encodeUint(e *encoder, v reflect.Value) error {
	e.head(majorUint, v.Uint())
	return nil
}

func decodeUint(d *decoder, v reflect.Value) error {
	n, err := d.expect(majorUint)
	if err != nil {
		return err
	}
	if v.OverflowUint(n) {
		return errMismatch
	}
	v.SetUint(n)
	return nil
}

func encodeFloat64(e *encoder, v reflect.Value) error {
	e.buf = binary.BigEndian.AppendUint64(append(e.buf, headFloat64), math.Float64bits(v.Float()))
	return nil
}

func decodeFloat64(d *decoder, v reflect.Value) error {
	b, err := d.float(headFloat64, 8)
	if err == nil {
		v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	return err
}

func (d *decoder) float(head byte, size int) ([]byte, error) {
	if len(d.data)-d.off < 1+size {
		return nil, io.ErrUnexpectedEOF
	}
	if d.data[d.off] != head {
		return nil, errMismatch
	}
	b := d.data[d.off+1 : d.off+1+size]
	d.off += 1 + size
	return b, nil
}

// Reflection widens a float32, and widening makes every NaN a quiet one. So
// the bits of a NaN are taken and set through a pointer.

func encodeFloat32(e *encoder, v reflect.Value) error {
	f := float32(v.Float())
	if math.IsNaN(float64(f)) {
		f = *float32At(v)
	}
	e.buf = binary.BigEndian.AppendUint32(append(e.buf, headFloat32), math.Float32bits(f))
	return nil
}

func decodeFloat32(d *decoder, v reflect.Value) error {
	b, err := d.float(headFloat32, 4)
	if err != nil {
		return err
	}
	if f := math.Float32frombits(binary.BigEndian.Uint32(b)); math.IsNaN(float64(f)) {
		*float32At(v) = f
	} else {
		v.SetFloat(float64(f))
	}
	return nil
}

func float32At(v reflect.Value) *float32 {
	return v.Addr().Convert(reflect.TypeFor[*float32]()).Interface().(*float32)
}

func encodeString(e *encoder, v reflect.Value) error {
	s := v.String()
	if err := e.fits(len(s)); err != nil {
		return err
	}
	e.head(majorText, uint64(len(s)))
	e.buf = append(e.buf, s...)
	return nil
}

func decodeString(d *decoder, v reflect.Value) error {
	b, err := d.bytes(majorText)
	if err == nil {
		v.SetString(string(b))
	}
	return err
}
