package codec

import (
	"errors"
	"reflect"
	"time"
)

// codecs are the functions of a type with methods of its own: always a string
// of bytes on the wire, so that no method can upset what is around it.
func (p *pair) codecs() (func(*encoder, reflect.Value) error, func(*decoder, reflect.Value) error) {
	enc := func(e *encoder, v reflect.Value) error {
		data, err := p.encode(v.Addr().Interface())
		if err != nil {
			return err
		}
		return e.bytes(data)
	}
	dec := func(d *decoder, v reflect.Value) error {
		data, err := d.bytes(majorBytes)
		if err != nil {
			return err
		}
		return p.decode(v.Addr().Interface(), data)
	}
	return enc, dec
}

// A time is [seconds, nanoseconds] in UTC, and [seconds, nanoseconds, offset,
// zone] elsewhere. Its own MarshalBinary would lose the zone's name.

func encodeTime(e *encoder, v reflect.Value) error {
	t := v.Addr().Interface().(*time.Time)
	utc := t.Location() == time.UTC
	size := uint64(4)
	if utc {
		size = 2
	}
	e.head(majorArray, size)
	e.int(t.Unix())
	e.head(majorUint, uint64(t.Nanosecond()))
	if !utc {
		name, offset := t.Zone()
		e.int(int64(offset))
		e.head(majorText, uint64(len(name)))
		e.buf = append(e.buf, name...)
	}
	return nil
}

var errTime = errors.New("not a time")

func decodeTime(d *decoder, v reflect.Value) error {
	size, err := d.expect(majorArray)
	if err != nil {
		return err
	}
	if size != 2 && size != 4 {
		return errTime
	}
	sec, err := d.int()
	if err != nil {
		return err
	}
	nsec, err := d.expect(majorUint)
	if err != nil {
		return err
	}
	if nsec >= uint64(time.Second) {
		return errTime
	}
	t := time.Unix(sec, int64(nsec))
	if size == 2 {
		t = t.UTC()
	} else if t, err = d.zone(t); err != nil {
		return err
	}
	*v.Addr().Interface().(*time.Time) = t
	return nil
}

// zone puts t, which is local, into the zone that follows. Where the local
// zone says the same about this moment, it stays local.
func (d *decoder) zone(t time.Time) (time.Time, error) {
	offset, err := d.int()
	if err != nil {
		return t, err
	}
	name, err := d.bytes(majorText)
	if err != nil {
		return t, err
	}
	if int64(int32(offset)) != offset {
		return t, errTime
	}
	if n, o := t.Zone(); n == string(name) && int64(o) == offset {
		return t, nil
	}
	return t.In(time.FixedZone(string(name), int(offset))), nil
}
