package codec_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"multiproc/internal/codec"
)

// fussy carries itself, unless it is told to fail.
type fussy struct{ text string }

var errFussy = errors.New("not today")

func (f fussy) MarshalBinary() ([]byte, error) {
	switch f.text {
	case "fail":
		return nil, errFussy
	case "panic":
		panic("of a method")
	}
	return []byte(f.text), nil
}

func (f *fussy) UnmarshalBinary(b []byte) error {
	switch f.text = string(b); f.text {
	case "fail there":
		return errFussy
	case "panic there":
		panic("of a method")
	}
	return nil
}

type holder struct {
	List []struct{ F *fussy }
	Map  map[string]fussy
	Keys map[fussy]int
}

func TestErrorPaths(t *testing.T) {
	list := func(text string) holder {
		return holder{List: []struct{ F *fussy }{{}, {&fussy{"fine"}}, {&fussy{text}}}}
	}
	for _, c := range []struct {
		v          holder
		path, text string
	}{
		{list("fail"), "holder.List[2].F", "encode holder.List[2].F: not today"},
		{list("panic"), "holder.List[2].F", "panic in MarshalBinary: of a method"},
		{holder{Map: map[string]fussy{"k": {"fail"}}}, `holder.Map["k"]`, "not today"},
		{holder{Keys: map[fussy]int{{"fail"}: 1}}, `holder.Keys[key codec_test.fussy]`, "not today"},
		{list("fail there"), "holder.List[2].F", "decode holder.List[2].F: not today"},
		{list("panic there"), "holder.List[2].F", "panic in UnmarshalBinary: of a method"},
		{holder{Map: map[string]fussy{"k": {"fail there"}}}, `holder.Map["k"]`, "not today"},
		{holder{Keys: map[fussy]int{{"fail there"}: 1}}, `holder.Keys[key 0]`, "not today"},
	} {
		data, err := codec.Marshal(c.v)
		if strings.Contains(fmt.Sprint(c.text), "encode") && err == nil {
			t.Errorf("%s: Marshal succeeded", c.path)
		}
		if err == nil {
			var got holder
			err = codec.Unmarshal(data, &got)
			if !reflect.DeepEqual(got, holder{}) {
				t.Errorf("%s: the target was touched: %v", c.path, got)
			}
		}
		ce, ok := errors.AsType[*codec.Error](err)
		if !ok || ce.Path != c.path || !strings.Contains(err.Error(), c.text) {
			t.Errorf("got %v, want path %s and %q", err, c.path, c.text)
		}
		if strings.Contains(c.text, "today") && !errors.Is(err, errFussy) {
			t.Errorf("%v does not wrap the method's error", err)
		}
	}
}

func TestCycles(t *testing.T) {
	ring := &Node{Value: 1}
	ring.Next = &Node{2, ring}
	slice := selfSlice{nil}
	slice[0] = slice
	m := selfMap{}
	m["self"] = m
	var p selfPointer
	p = &p
	for _, v := range []any{ring, *ring, slice, m, p, map[string][]*Node{"a": {ring}}} {
		_, err := codec.Marshal(v)
		ce, ok := errors.AsType[*codec.Error](err)
		if !ok || !strings.Contains(err.Error(), "cycle") {
			t.Errorf("Marshal of a cyclic %T: %v, want an *Error about a cycle", v, err)
			continue
		}
		if len(ce.Path) > 500 {
			t.Errorf("the path of a cycle has %d bytes", len(ce.Path))
		}
	}
}

// Slices of different length at one address are no cycle.
func TestOverlapIsNoCycle(t *testing.T) {
	s := make(selfSlice, 1)
	s[0] = s[:0]
	for range 600 { // far enough down for cycles to be looked for
		s = selfSlice{s}
	}
	if got := trip(t, s); !reflect.DeepEqual(got, s) {
		t.Error("it changed on the way")
	}
}

func TestTooDeep(t *testing.T) {
	list := func(n int) (l *Node) {
		for range n {
			l = &Node{Next: l}
		}
		return l
	}
	trip(t, list(codec.MaxDepth))
	_, err := codec.Marshal(list(codec.MaxDepth + 1))
	if _, ok := errors.AsType[*codec.Error](err); !ok || !strings.Contains(err.Error(), "deeper than") {
		t.Errorf("got %v, want an *Error that says how deep is too deep", err)
	}
	deep := []byte(strings.Repeat("\x81", 1_000_000) + "\x80")
	var got selfSlice
	if err := codec.Unmarshal(deep, &got); err == nil || !strings.Contains(err.Error(), "deeper than") {
		t.Errorf("decoding a million levels: %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	for _, v := range []any{
		make([]struct{}, codec.MaxSize+1),
		[math.MaxInt]struct{}{},
		make([][math.MaxInt / 2]struct{}, 3),
	} {
		var err error
		n := allocated(func() { _, err = codec.Marshal(v) })
		if _, ok := errors.AsType[*codec.Error](err); !ok || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("%T: got %v, want an *Error that says how large is too large", v, err)
		}
		if n > 1<<20 {
			t.Errorf("%T: %d bytes allocated before it was found to be too large", v, n)
		}
	}
}

func TestMisuse(t *testing.T) {
	var nilPtr *int
	for _, err := range []error{
		codec.Unmarshal([]byte{0}, nil),
		codec.Unmarshal([]byte{0}, 1),
		codec.Unmarshal([]byte{0}, nilPtr),
		func() error { _, err := codec.Marshal(nil); return err }(),
	} {
		if _, ok := errors.AsType[*codec.Error](err); !ok {
			t.Errorf("got %v, want an *Error", err)
		}
	}
	_, err := codec.Marshal(make(chan int))
	if _, ok := errors.AsType[*codec.TypeError](err); !ok {
		t.Errorf("Marshal of a channel: %v, want a *TypeError", err)
	}
	var c chan int
	if _, ok := errors.AsType[*codec.TypeError](codec.Unmarshal(nil, &c)); !ok {
		t.Error("Unmarshal into a channel succeeded")
	}
}

// The examples of RFC 8949, appendix A, as far as they have a counterpart.
func TestWire(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{0, "00"},
		{23, "17"},
		{24, "1818"},
		{1000, "1903e8"},
		{1000000, "1a000f4240"},
		{uint64(1<<64 - 1), "1bffffffffffffffff"},
		{-1, "20"},
		{-1000, "3903e7"},
		{1.1, "fb3ff199999999999a"},
		{float32(100000), "fa47c35000"},
		{false, "f4"},
		{true, "f5"},
		{"IETF", "6449455446"},
		{[]byte{1, 2, 3, 4}, "4401020304"},
		{[]int{}, "80"},
		{[]int(nil), "f6"},
		{map[int]int{1: 2}, "a10102"},
		{struct {
			A int
			B []int
		}{1, []int{2, 3}}, "8201820203"},
		{time.Unix(1, 5).UTC(), "820105"},
		{fussy{"ab"}, "426162"},
	} {
		data, err := codec.Marshal(c.v)
		if got := hex.EncodeToString(data); err != nil || got != c.want {
			t.Errorf("%T %v: %s, %v; want %s", c.v, c.v, got, err, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		target any
		data   string
	}{
		{new(int), ""},
		{new(int), "0000"},
		{new(int), "18"},
		{new(int), "f6"},
		{new(int), "1bffffffffffffffff"},
		{new(int8), "1880"},
		{new(uint8), "190100"},
		{new(uint), "20"},
		{new(bool), "00"},
		{new(float64), "fa00000000"},
		{new(float64), "fb00"},
		{new(string), "41ff"},
		{new(string), "6261"},
		{new(string), "7f6161ff"},
		{new([]int), "9f00ff"},
		{new([]int), "8200"},
		{new([]int), "9bffffffffffffffff"},
		{new([2]int), "8100"},
		{new([2]byte), "4100"},
		{new([2]byte), "43000000"},
		{new([]float64), "4700000000000000"},
		{new(map[int]int), "a2000000"},
		{new(map[int]int), "a200000001"},
		{new(struct{ A int }), "80"},
		{new(struct{ A int }), "820000"},
		{new(**int), "00"},
		{new(*[1 << 30]byte), "40"},
		{new(time.Time), "83000000"},
		{new(time.Time), "82001a3b9aca00"},
		{new(time.Time), "8400001b7fffffffffffffff60"},
		{new(int), "1c00000000000000000000000000000000"},
		{new(int), "1c"},
		{new(int), "ff"},
		{new(int), "c100"},
	} {
		data, err := hex.DecodeString(c.data)
		if err != nil {
			t.Fatal(err)
		}
		err = codec.Unmarshal(data, c.target)
		if _, ok := errors.AsType[*codec.Error](err); !ok {
			t.Errorf("%s into %T: %v, %v; want an *Error", c.data, c.target, reflect.ValueOf(c.target).Elem(), err)
		}
	}
}

// A length in the input must not make memory that the input doesn't pay for.
func TestLengthsAllocateNothing(t *testing.T) {
	for target, data := range map[any]string{
		new([]int):              "9a7fffffff00",
		new(string):             "7a7fffffff00",
		new([]byte):             "5a7fffffff00",
		new(map[int]int):        "ba7fffffff00",
		new([][]float64):        "9a7fffffff00",
		new(*[1 << 28]byte):     "5a1000000000",
		new([][1 << 20]float64): "9a00000004" + strings.Repeat("00", 64),
	} {
		raw, err := hex.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		n := allocated(func() { err = codec.Unmarshal(raw, target) })
		if err == nil || n > 1<<20 {
			t.Errorf("%s into %T: %v, and %d bytes allocated", data, target, err, n)
		}
	}
}

// allocated is how many bytes f allocates; no test here runs beside another.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// own embeds a type with a pair and has one of its own.
type own struct {
	time.Time
	fussy
	note string
}

func (o own) MarshalBinary() ([]byte, error)     { return []byte(o.note), nil }
func (o *own) UnmarshalBinary(data []byte) error { o.note = string(data); return nil }

// halfOwn has one method of its own, and the other of what it embeds.
type halfOwn struct {
	Fussy
	Note string
}

type Fussy struct{ fussy }

func (f Fussy) MarshalBinary() ([]byte, error)  { return f.fussy.MarshalBinary() }
func (f *Fussy) UnmarshalBinary(b []byte) error { return f.fussy.UnmarshalBinary(b) }
func (h halfOwn) MarshalBinary() ([]byte, error) {
	return []byte(h.Note), nil
}

type promotedPair struct {
	Fussy
	Note string
}

type promotedPointer struct {
	*Fussy
	Note string
}

type ownGeneric[T any] struct {
	Fussy
	note string
}

func (o ownGeneric[T]) MarshalBinary() ([]byte, error)     { return []byte(o.note), nil }
func (o *ownGeneric[T]) UnmarshalBinary(data []byte) error { o.note = string(data); return nil }

func TestEmbeddedPairs(t *testing.T) {
	same(t, own{note: "own methods are used"})
	same(t, ownGeneric[int]{note: "in generic types too"})
	same(t, promotedPair{Fussy{fussy{"both"}}, "arrive"})
	same(t, promotedPointer{&Fussy{fussy{"both"}}, "arrive"}, promotedPointer{nil, "alone"})
	same(t, stamped{time.Unix(1, 0).UTC(), "name"})
	if err := codec.Check(reflect.TypeFor[halfOwn]()); err == nil || !strings.Contains(err.Error(), "of its own") {
		t.Errorf("half a pair beside a promoted half: %v", err)
	}
}
