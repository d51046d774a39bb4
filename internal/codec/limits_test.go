package codec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// The bounds, made small enough to meet from both sides.
func TestSizeBound(t *testing.T) {
	type flat struct{ A, B, C, D, E, F, G string }
	text := strings.Repeat("x", 14) // 15 bytes on the wire
	for _, c := range []struct {
		v    any
		size int
	}{
		{text, 15},
		{[]byte(text), 15},
		{flat{text, text, text, text, text, text, text}, 1 + 7*15},
		{[]string{text, text, text}, 1 + 3*15},
		{[2]string{text, text}, 1 + 2*15},
		{map[int]string{1: text, 2: text}, 1 + 2*16},
		{[]float64{1, 2}, 1 + 16},
		{[]uint16{1, 2, 3, 4}, 5},
		{&text, 15},
	} {
		n, err := nodeFor(reflect.TypeOf(c.v))
		if err != nil {
			t.Fatal(err)
		}
		encode := func(maxSize int) ([]byte, error) {
			root := reflect.New(reflect.TypeOf(c.v)).Elem()
			root.Set(reflect.ValueOf(c.v))
			e := encoder{maxDepth: 10, maxSize: maxSize}
			return e.run(n, root)
		}
		if data, err := encode(c.size); err != nil || len(data) != c.size {
			t.Errorf("%T: %d bytes, %v; want %d", c.v, len(data), err, c.size)
		}
		for limit := range c.size {
			if _, err := encode(limit); !errors.Is(err, errTooLarge) {
				t.Errorf("%T of %d bytes where %d may be: %v", c.v, c.size, limit, err)
			}
		}
	}
}
