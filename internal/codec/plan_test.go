package codec

import (
	"bytes"
	"reflect"
	"testing"
)

type planned struct {
	N    int
	Text string
	List []float64
	Next *planned
}

// A plan makes and reads what Marshal and Unmarshal do.
func TestPlan(t *testing.T) {
	t.Parallel()
	for _, v := range []any{0, -1, int64(1) << 40, struct{}{}, "text", []byte{1, 2}, true, uint8(200), int8(-3), planned{1, "a", []float64{2}, &planned{N: 3}}} {
		typ := reflect.TypeOf(v)
		p, err := PlanFor(typ)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		ptr := reflect.New(typ)
		ptr.Elem().Set(reflect.ValueOf(v))
		got, err := p.Append([]byte("before"), ptr.Interface())
		if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%T: %x, %v, want %x", v, got, err, want)
		}
		back := reflect.New(typ)
		if err := p.Decode(want, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), v) {
			t.Errorf("%T: %v, %v", v, back.Elem(), err)
		}
		for cut := range want {
			target := reflect.New(typ)
			if err := p.Decode(want[:cut], target.Interface()); err == nil || !target.Elem().IsZero() {
				t.Errorf("%T: %d of %d bytes make %v, %v", v, cut, len(want), target.Elem(), err)
			}
		}
		if err := p.Decode(append(want, 0), reflect.New(typ).Interface()); err == nil {
			t.Errorf("%T: a byte too many is none", v)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	if p, err := PlanFor(reflect.TypeFor[chan int]()); p != nil || err == nil {
		t.Errorf("%v, %v", p, err)
	}
	p, err := PlanFor(reflect.TypeFor[planned]())
	if err != nil {
		t.Fatal(err)
	}
	cycle := &planned{}
	cycle.Next = cycle
	if got, err := p.Append([]byte("x"), cycle); err == nil || string(got) != "x" {
		t.Errorf("a cycle: %q, %v", got, err)
	}
	other := "other"
	if _, err := p.Append(nil, &other); err == nil {
		t.Error("another type is encoded")
	}
	if err := p.Decode([]byte{0}, &other); err == nil {
		t.Error("another type is decoded")
	}
}

func BenchmarkPlan(b *testing.B) {
	p, err := PlanFor(reflect.TypeFor[planned]())
	if err != nil {
		b.Fatal(err)
	}
	v := planned{N: 1, Text: "text", List: make([]float64, 8)}
	var buf []byte
	for b.Loop() {
		if buf, err = p.Append(buf[:0], &v); err != nil {
			b.Fatal(err)
		}
		var back planned
		if err := p.Decode(buf, &back); err != nil {
			b.Fatal(err)
		}
	}
}
