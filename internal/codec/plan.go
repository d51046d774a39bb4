package codec

import (
	"fmt"
	"reflect"
	"sync"
)

// A Plan encodes and decodes values of one type without looking the type up
// each time. The zero Plan is of no use.
type Plan struct {
	t reflect.Type
	n *node
}

// PlanFor returns the plan for a type, or the *TypeError of one that can't
// cross.
func PlanFor(t reflect.Type) (*Plan, error) {
	n, err := nodeFor(t)
	if err != nil {
		return nil, err
	}
	return &Plan{t, n}, nil
}

// encoders are kept, for each escapes into the functions that it is given to.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Append appends what Marshal would make of the value that ptr points to. When it
// fails, it returns buf as it was.
func (p *Plan) Append(buf []byte, ptr any) ([]byte, error) {
	switch v := ptr.(type) { // what needs no reflection
	case *int:
		e := encoder{buf: buf}
		e.int(int64(*v))
		return e.buf, nil
	case *struct{}:
		e := encoder{buf: buf}
		e.head(majorArray, 0)
		return e.buf, nil
	}
	root := reflect.ValueOf(ptr).Elem()
	if root.Type() != p.t {
		return buf, &Error{Op: "encode", Err: fmt.Errorf("a %v with the plan for %v", root.Type(), p.t)}
	}
	e := encoders.Get().(*encoder)
	*e = encoder{maxDepth: MaxDepth, maxSize: MaxSize + len(buf), buf: buf}
	out, err := e.run(p.n, root)
	*e = encoder{}
	encoders.Put(e)
	if err != nil {
		return buf, err
	}
	return out, nil
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Decode is Unmarshal for a target that is zero; when it fails, the target is
// zero again.
func (p *Plan) Decode(data []byte, ptr any) error {
	if v, ok := ptr.(*int); ok {
		d := decoder{data: data}
		if n, err := d.int(); err == nil && d.off == len(data) && int64(int(n)) == n {
			*v = int(n)
			return nil
		}
	}
	root := reflect.ValueOf(ptr).Elem()
	if root.Type() != p.t {
		return &Error{Op: "decode", Err: fmt.Errorf("a %v with the plan for %v", root.Type(), p.t)}
	}
	d := decoders.Get().(*decoder)
	*d = decoder{data: data, maxDepth: MaxDepth}
	err := d.run(p.n, root)
	*d = decoder{}
	decoders.Put(d)
	if err != nil {
		root.SetZero()
		return rooted("decode", p.t, err)
	}
	return nil
}
