package codec

import (
	"reflect"
	"sync"
)

// A node knows how values of one type are written and read. Every value that
// it is given is addressable.
type node struct {
	enc func(*encoder, reflect.Value) error
	dec func(*decoder, reflect.Value) error

	// min is the fewest bytes that a value takes, at least 1: what bounds the
	// memory that a length in the input can ask for.
	min int

	// nullable nodes write null for nil, so a pointer to one needs a mark of
	// its own to tell nil from a pointer to nil.
	nullable bool
}

// nodes holds what was compiled. Two goroutines may compile the same type at
// once; either result will do.
var nodes sync.Map // of reflect.Type to *node

func nodeFor(t reflect.Type) (*node, error) {
	if n, ok := nodes.Load(t); ok {
		return n.(*node), nil
	}
	if err := Check(t); err != nil {
		return nil, err
	}
	c := compiler{made: make(map[reflect.Type]*node)}
	n := c.compile(t)
	// Only now, as none of them may be used before all are complete.
	for t, n := range c.made {
		nodes.Store(t, n)
	}
	return n, nil
}

// compiler makes nodes for types that passed Check. A recursive type meets its
// own unfinished node, of which the parts read min and nullable alone.
type compiler struct {
	made map[reflect.Type]*node
}

func (c *compiler) compile(t reflect.Type) *node {
	if n, ok := c.made[t]; ok {
		return n
	}
	if n, ok := nodes.Load(t); ok {
		return n.(*node)
	}
	n := &node{min: 1}
	c.made[t] = n
	if t == timeType {
		n.enc, n.dec = encodeTime, decodeTime
		return n
	}
	if p, _ := pairOf(t); p != nil {
		n.enc, n.dec = p.codecs()
		return n
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		n.nullable = true
	}
	c.fill(n, t)
	return n
}

func (c *compiler) fill(n *node, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		n.enc, n.dec = encodeBool, decodeBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.enc, n.dec = encodeInt, decodeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n.enc, n.dec = encodeUint, decodeUint
	case reflect.Float32:
		n.enc, n.dec, n.min = encodeFloat32, decodeFloat32, 5
	case reflect.Float64:
		n.enc, n.dec, n.min = encodeFloat64, decodeFloat64, 9
	case reflect.String:
		n.enc, n.dec = encodeString, decodeString
	case reflect.Slice:
		c.fillSlice(n, t)
	case reflect.Array:
		c.fillArray(n, t)
	case reflect.Map:
		m := mapNode{t: t, key: c.compile(t.Key()), elem: c.compile(t.Elem())}
		n.enc, n.dec = m.encode, m.decode
	case reflect.Pointer:
		p := pointerNode{t: t.Elem(), elem: c.compile(t.Elem()), named: t.Name() != ""}
		n.enc, n.dec = p.encode, p.decode
	case reflect.Struct:
		s := c.compileStruct(t)
		n.enc, n.dec, n.min = s.encode, s.decode, s.min
	default:
		panic("codec: compiling " + t.String() + ", which Check refuses")
	}
}

func (c *compiler) fillSlice(n *node, t reflect.Type) {
	if c.bytes(t) {
		n.enc, n.dec = encodeBytes, decodeBytes
		return
	}
	if t == floatsType {
		n.enc, n.dec = encodeFloats, decodeFloats
		return
	}
	s := sliceNode{t: t, elem: c.compile(t.Elem())}
	n.enc, n.dec = s.encode, s.decode
}

func (c *compiler) fillArray(n *node, t reflect.Type) {
	if c.bytes(t) {
		n.enc, n.dec, n.min = encodeByteArray, decodeByteArray, least(1, t.Len(), 1)
		return
	}
	a := &arrayNode{len: t.Len(), elem: c.compile(t.Elem())}
	n.enc, n.dec, n.min = a.encode, a.decode, least(1, a.len, a.elem.min)
	a.min = n.min
}

// least is sum + n*each, or MaxSize if that is less: an array of nothing may
// have more elements than an int can count bytes.
func least(sum, n, each int) int {
	if n > 0 && each > (MaxSize-sum)/n {
		return MaxSize
	}
	return sum + n*each
}

// bytes reports whether t is a string of bytes that don't carry themselves.
func (c *compiler) bytes(t reflect.Type) bool {
	if t.Elem().Kind() != reflect.Uint8 {
		return false
	}
	p, _ := pairOf(t.Elem())
	return p == nil
}

func (c *compiler) compileStruct(t reflect.Type) structNode {
	s := structNode{min: 1}
	for i := range t.NumField() {
		f := t.Field(i)
		if leftOut(f) {
			continue
		}
		fn := c.compile(f.Type)
		s.fields = append(s.fields, field{index: i, name: f.Name, node: fn})
		s.min = least(s.min, 1, fn.min)
	}
	return s
}
