package wire

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed says that a record is shorter or longer than what was read from
// it, or holds what nobody wrote.
var ErrMalformed = errors.New("malformed record")

// AppendInt appends a number.
func AppendInt[T ~int | ~int64](b []byte, v T) []byte {
	return binary.AppendVarint(b, int64(v))
}

// AppendUint appends a number.
func AppendUint(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

// AppendBool appends a truth value.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendString appends a string of any bytes.
func AppendString(b []byte, s string) []byte {
	return append(AppendInt(b, len(s)), s...)
}

// AppendStrings appends a list. Nil and empty are the same.
func AppendStrings(b []byte, list []string) []byte {
	b = AppendInt(b, len(list))
	for _, s := range list {
		b = AppendString(b, s)
	}
	return b
}

// A Record reads what the Append functions wrote, in the same order. After the
// first fault everything reads as zero, and Err says so.
type Record struct {
	rest []byte
	bad  bool
}

// Parse returns a Record over b, which it keeps.
func Parse(b []byte) *Record { return &Record{rest: b} }

// Err reports a fault, or bytes that were left over.
func (r *Record) Err() error {
	if r.bad || len(r.rest) != 0 {
		return ErrMalformed
	}
	return nil
}

// Int reads a number.
func (r *Record) Int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Uint reads a number.
func (r *Record) Uint() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// Bool reads a truth value.
func (r *Record) Bool() bool {
	b := r.take(1)
	if b != nil && b[0] > 1 {
		r.fail()
	}
	return b != nil && b[0] == 1
}

// String reads a string.
func (r *Record) String() string { return string(r.take(r.Int())) }

// Strings reads a list.
func (r *Record) Strings() []string {
	n := r.Int()
	if n < 0 || n > int64(len(r.rest)) { // each takes a byte at least
		r.fail()
		return nil
	}
	var list []string
	for range n {
		list = append(list, r.String())
		if r.bad { // the count would be followed by nothing, at 16 bytes a string
			return nil
		}
	}
	return list
}

func (r *Record) take(n int64) []byte {
	if n < 0 || n > int64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *Record) fail() { r.rest, r.bad = nil, true }
