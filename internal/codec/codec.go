package codec

import (
	"errors"
	"fmt"
	"reflect"
)

const (
	// MaxDepth is how many pointers, slices and maps may hold each other, from
	// the outermost value to the innermost. Only recursive types come near it.
	MaxDepth = 10_000

	// MaxSize is how many bytes one encoded value may have: 1 GiB.
	MaxSize = 1 << 30
)

var (
	errTooDeep  = fmt.Errorf("nested deeper than %d levels", MaxDepth)
	errTooLarge = fmt.Errorf("larger than %d bytes", MaxSize)
	errCycle    = errors.New("a cycle of pointers, slices or maps")
)

// Marshal encodes v, whose type must pass [Check]. The result is the caller's
// and shares nothing with v. It fails with a *TypeError, or with an *Error
// where the value can't cross: a method of the value's own failed or panicked,
// a cycle, too deep, too large.
func Marshal(v any) ([]byte, error) {
	if v == nil {
		return nil, &Error{Op: "encode", Err: errors.New("nil without a type")}
	}
	t := reflect.TypeOf(v)
	n, err := nodeFor(t)
	if err != nil {
		return nil, err
	}
	// Addressable, so that methods with pointer receivers can be called on
	// every part of it.
	root := reflect.New(t).Elem()
	root.Set(reflect.ValueOf(v))
	e := encoder{maxDepth: MaxDepth, maxSize: MaxSize, buf: make([]byte, 0, 128)}
	return e.run(n, root)
}

func (e *encoder) run(n *node, root reflect.Value) ([]byte, error) {
	if err := n.enc(e, root); err != nil {
		return nil, rooted("encode", root.Type(), err)
	}
	if err := e.fits(0); err != nil {
		return nil, rooted("encode", root.Type(), err)
	}
	return e.buf, nil
}

// Unmarshal decodes data into what ptr points to, which must be of the type
// that was encoded. The target is replaced as a whole, or not touched when
// Unmarshal fails; it shares nothing with data. It fails with a *TypeError, or
// with an *Error for data that doesn't fit the type.
func Unmarshal(data []byte, ptr any) error {
	target := reflect.ValueOf(ptr)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return &Error{Op: "decode", Err: fmt.Errorf("into %T, want a pointer that is not nil", ptr)}
	}
	t := target.Type().Elem()
	n, err := nodeFor(t)
	if err != nil {
		return err
	}
	root := reflect.New(t).Elem()
	d := decoder{data: data, maxDepth: MaxDepth}
	if err := d.run(n, root); err != nil {
		return rooted("decode", t, err)
	}
	target.Elem().Set(root)
	return nil
}

func (d *decoder) run(n *node, root reflect.Value) error {
	if err := n.dec(d, root); err != nil {
		return err
	}
	if rest := len(d.data) - d.off; rest != 0 {
		return fmt.Errorf("%d bytes too many", rest)
	}
	return nil
}
