package codec

import (
	"errors"
	"io"
	"reflect"
	"strconv"
)

type pointerNode struct {
	t     reflect.Type // of what it points to
	elem  *node
	named bool // the pointer type has a name
}

func (p *pointerNode) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	if err := e.enter(v); err != nil {
		return err
	}
	if p.elem.nullable {
		e.head(majorArray, 1)
	}
	if err := p.elem.enc(e, v.Elem()); err != nil {
		return err
	}
	e.leave(v)
	return nil
}

func (p *pointerNode) decode(d *decoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	if p.elem.nullable {
		if err := d.fixed(majorArray, 1); err != nil {
			return err
		}
	}
	// A pointer to a large array must not be had for a byte.
	if len(d.data)-d.off < p.elem.min {
		return io.ErrUnexpectedEOF
	}
	target := reflect.New(p.t)
	if err := p.elem.dec(d, target.Elem()); err != nil {
		return err
	}
	if p.named { // which is not the type that New returns
		target = target.Convert(v.Type())
	}
	v.Set(target)
	d.leave()
	return nil
}

type field struct {
	index int
	name  string
	node  *node
}

type structNode struct {
	fields []field
	min    int
}

func (s *structNode) encode(e *encoder, v reflect.Value) error {
	e.head(majorArray, uint64(len(s.fields)))
	for i := range s.fields {
		f := &s.fields[i]
		if err := f.node.enc(e, v.Field(f.index)); err != nil {
			return at(err, "."+f.name)
		}
	}
	return nil
}

func (s *structNode) decode(d *decoder, v reflect.Value) error {
	if err := d.fixed(majorArray, len(s.fields)); err != nil {
		return err
	}
	for i := range s.fields {
		f := &s.fields[i]
		if err := f.node.dec(d, v.Field(f.index)); err != nil {
			return at(err, "."+f.name)
		}
	}
	return nil
}

type mapNode struct {
	t         reflect.Type
	key, elem *node
}

func (m *mapNode) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		e.null()
		return nil
	}
	if err := e.enter(v); err != nil {
		return err
	}
	e.head(majorMap, uint64(v.Len()))
	key, elem := reflect.New(m.t.Key()).Elem(), reflect.New(m.t.Elem()).Elem()
	for iter := v.MapRange(); iter.Next(); {
		key.SetIterKey(iter)
		elem.SetIterValue(iter)
		if err := m.key.enc(e, key); err != nil {
			return at(err, "[key "+keyText(key)+"]")
		}
		if err := m.elem.enc(e, elem); err != nil {
			return at(err, "["+keyText(key)+"]")
		}
		if len(e.buf) > e.maxSize {
			return errTooLarge
		}
	}
	e.leave(v)
	return nil
}

func (m *mapNode) decode(d *decoder, v reflect.Value) error {
	if d.null() {
		v.SetZero()
		return nil
	}
	n, err := d.length(majorMap, m.key.min+m.elem.min)
	if err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	made := reflect.MakeMapWithSize(m.t, n)
	key, elem := reflect.New(m.t.Key()).Elem(), reflect.New(m.t.Elem()).Elem()
	for i := range n {
		key.SetZero()
		elem.SetZero()
		if err := m.key.dec(d, key); err != nil {
			return at(err, "[key "+strconv.Itoa(i)+"]")
		}
		if err := m.elem.dec(d, elem); err != nil {
			return at(err, "["+keyText(key)+"]")
		}
		made.SetMapIndex(key, elem)
		if made.Len() != i+1 {
			return at(errSameKey, "[key "+keyText(key)+"]")
		}
	}
	v.Set(made)
	d.leave()
	return nil
}

var errSameKey = errors.New("two entries have the same key")

// keyText shows a key in a path, as far as that is short and certain not to
// run anybody's code.
func keyText(key reflect.Value) string {
	switch {
	case key.Kind() == reflect.String:
		s := key.String()
		if len(s) > 32 {
			s = s[:32] + "…"
		}
		return strconv.Quote(s)
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10)
	}
	return key.Type().String()
}
