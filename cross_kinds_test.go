package multiproc_test

import (
	"context"
	"encoding/json"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"testing"
	"time"

	"multiproc"
)

type (
	crossName        string
	crossPart        struct{ Text crossName }
	crossPair[T any] struct {
		A, B T
	}
)

// crossAll has a field of every kind that crosses.
type crossAll struct {
	Bool       bool
	Int        int
	Int8       int8
	Int16      int16
	Int32      int32
	Int64      int64
	Uint       uint
	Uint8      uint8
	Uint16     uint16
	Uint32     uint32
	Uint64     uint64
	Float32    float32
	Float64    float64
	String     string
	NotUTF8    string
	Array      [3]crossName
	Slice      []int16
	NilSlice   []int
	EmptySlice []int
	Bytes      []byte
	Map        map[crossName]crossPart
	NilMap     map[string]int
	EmptyMap   map[string]int
	Pointer    *crossPart
	Nil        *crossPart
	PointerNil **int
	Struct     crossPair[[]string]
	Recursive  *dieRing
	Duration   time.Duration
	Month      time.Month
	Big        *big.Int
	URL        url.URL
	Raw        json.RawMessage
	crossPart
	Left chan int `cbor:"-"`
}

var crossEcho = multiproc.NewFunc("cross-echo", func(_ context.Context, all crossAll) (crossPair[crossAll], error) {
	seen := all // what it reads must be right too, not only what it hands back
	if all.NotUTF8 != "\xff\x00\xfe" || all.NilSlice != nil || all.EmptySlice == nil || all.Left != nil {
		seen.String = "the child sees something else"
	}
	return crossPair[crossAll]{all, seen}, nil
})

func crossFull() crossAll {
	nothing := (*int)(nil)
	return crossAll{
		Bool: true, Int: math.MinInt, Int8: math.MinInt8, Int16: math.MinInt16, Int32: math.MinInt32, Int64: math.MinInt64,
		Uint: math.MaxUint, Uint8: math.MaxUint8, Uint16: math.MaxUint16, Uint32: math.MaxUint32, Uint64: math.MaxUint64,
		Float32: math.SmallestNonzeroFloat32, Float64: math.Inf(-1), String: "größer", NotUTF8: "\xff\x00\xfe",
		Array: [3]crossName{"a", "", "c"}, Slice: []int16{1, -2}, EmptySlice: []int{}, Bytes: []byte{0, 255},
		Map: map[crossName]crossPart{"\xff": {"x"}, "": {}}, EmptyMap: map[string]int{},
		Pointer: &crossPart{"p"}, PointerNil: &nothing, Struct: crossPair[[]string]{nil, []string{}},
		Recursive: &dieRing{"a", &dieRing{"b", nil}}, Duration: -time.Nanosecond, Month: time.May,
		Big: new(big.Int).Lsh(big.NewInt(-3), 300), URL: url.URL{Scheme: "x", Host: "h", RawQuery: "q=%FF"},
		Raw: json.RawMessage(`{"a":1}`), crossPart: crossPart{"embedded"},
	}
}

// TESTS 61: a value of every kind comes back from a child as it left. What the
// codec does with each kind is its own test.
func TestEveryKindCrosses(t *testing.T) {
	t.Parallel()
	for _, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.InProcess} {
		for _, want := range []crossAll{crossFull(), {NotUTF8: "\xff\x00\xfe", EmptySlice: []int{}}} {
			sent := want
			sent.Left = make(chan int) // stays here on purpose
			got, err := crossEcho.With(multiproc.Options{Method: method}).Call(lifeCtx(t), sent)
			if err != nil || !reflect.DeepEqual(got, crossPair[crossAll]{want, want}) {
				t.Errorf("%v: sent %+v\ngot %+v, %v", method, want, got, err)
			}
		}
	}
}

var crossTime = multiproc.NewFunc("cross-time", func(_ context.Context, list []time.Time) ([]string, error) {
	var seen []string
	for _, at := range list {
		seen = append(seen, at.Format(crossLayout))
	}
	return seen, nil
})

const crossLayout = "2006-01-02T15:04:05.999999999Z07:00:00 MST"

// Times are in the child what they were here: nanoseconds, zone and its name.
func TestTimesCross(t *testing.T) {
	t.Parallel()
	list := []time.Time{
		{},
		time.Now(), time.Unix(1, 999_999_999).UTC(),
		time.Date(1850, 1, 2, 3, 4, 5, 6, time.FixedZone("LMT", 53*60+28)),
		time.Date(2024, 7, 1, 0, 0, 0, 1, time.FixedZone("CEST", 7200)),
	}
	got, err := crossTime.Call(lifeCtx(t), list)
	if err != nil || len(got) != len(list) {
		t.Fatal(got, err)
	}
	for i, at := range list {
		if want := at.Format(crossLayout); got[i] != want {
			t.Errorf("the child sees %s, want %s", got[i], want)
		}
	}
}
