package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"

	"multiproc/internal/codec"
)

// trip sends v to the other side and back.
func trip[T any](t testing.TB, v T) T {
	t.Helper()
	data, err := codec.Marshal(v)
	if err != nil {
		t.Fatalf("Marshal(%#v): %v", v, err)
	}
	var got T
	if err := codec.Unmarshal(data, &got); err != nil {
		t.Fatalf("Unmarshal(%#v): %v", v, err)
	}
	return got
}

func same[T any](t *testing.T, values ...T) {
	t.Helper()
	for _, v := range values {
		if got := trip(t, v); !reflect.DeepEqual(got, v) {
			t.Errorf("%T: sent %#v, got %#v", v, v, got)
		}
	}
}

type (
	color   uint8
	colors  []color
	label   string
	weights map[label]float32
	pair    struct {
		A int
		*Node
		inner
	}
	ptrNamed *int
)

func TestRoundTrip(t *testing.T) {
	seven := 7
	pSeven := &seven
	var nilInt *int
	var nilSlice []int
	empty := []int{}

	same(t, true, false)
	same(t, 0, 23, 24, -1, -24, -25, 255, 256, 65535, 65536, math.MaxInt, math.MinInt)
	same[int8](t, math.MinInt8, math.MaxInt8)
	same[int64](t, math.MinInt64, math.MaxInt64, 1<<32-1, 1<<32, -1<<32, -1<<32-1)
	same[uint64](t, 0, math.MaxUint64)
	same(t, "", "text", "\xff\xfe\x00 not UTF-8", "日本")
	same(t, map[string]int{"\xff": 1, "\xfe": 2, "": 3})
	same(t, []byte(nil), []byte{}, []byte{0, 255})
	same(t, [4]byte{1, 2, 3, 4})
	same(t, [0]int{})
	same(t, [2][2]label{{"a", "b"}, {"c", "d"}})
	same(t, nilSlice, empty, []int{1, 2})
	same(t, [][]int{nil, {}, {1}})
	same(t, map[string][]int(nil), map[string][]int{}, map[string][]int{"n": nil, "e": {}})
	same(t, nilInt, pSeven)
	same(t, (**int)(nil), &nilInt, &pSeven)
	same(t, &nilSlice, &empty, (*[]int)(nil))
	same(t, ptrNamed(nil), ptrNamed(pSeven))
	same(t, struct{}{})
	same(t, []struct{}{{}, {}})
	same(t, colors{1, 2, 255}, nil)
	same(t, [2]color{3, 4})
	same(t, weights{"x": 0.5, "": -1})
	same(t, pair{1, &Node{2, &Node{3, nil}}, inner{4}}, pair{})
	same(t, generic[generic[[]label]]{generic[[]label]{[]label{"x"}}})
	same(t, selfSlice{nil, {}, {{}, nil}})
	same(t, selfMap{"a": nil, "b": {"c": {}}})
	same(t, map[[2]int]inner{{1, 2}: {3}}, map[[2]int]inner{})
	same(t, map[inner]bool{{1}: true, {2}: false})
	same(t, jsonTags{Tags: []string{}, Meta: map[string]int{}, Twice: 1, Other: 2})
	same(t, jsonOutButSent{"s"}, jsonOutButSent{})
	same(t, jsonOnly{3})
	same(t, time.Second, -1)
	same(t, time.May)
	same(t, whole{"w"}, whole{})
	same(t, map[whole]*whole{{"a"}: {"b"}, {"n"}: nil})
	same(t, []stamped{{time.Unix(1, 2).UTC(), "kept"}})
}

func TestRoundTripLibraryTypes(t *testing.T) {
	u, err := url.Parse("https://user:pw@example.com/a%2Fb?q=1#f")
	if err != nil {
		t.Fatal(err)
	}
	huge := new(big.Int).Exp(big.NewInt(3), big.NewInt(1000), nil)
	same(t, *u)
	same(t, u, nil)
	same(t, netip.MustParseAddr("fe80::1%eth0"), netip.Addr{})
	same(t, netip.MustParsePrefix("10.0.0.0/8"))
	same(t, net.ParseIP("10.1.2.3"), nil)
	same(t, json.RawMessage(`{"a":1}`), nil, json.RawMessage{})
	same(t, huge, new(big.Int).Neg(huge), nil)
	same(t, big.NewRat(-1, 3))
	f := new(big.Float).SetPrec(200).SetMode(big.ToZero)
	f.SetString("0.1")
	if got := trip(t, f); got.Cmp(f) != 0 || got.Prec() != 200 || got.Mode() != big.ToZero {
		t.Errorf("big.Float %v of %d bits arrives as %v of %d", f, f.Prec(), got, got.Prec())
	}
}

func TestTaggedOutArrivesZero(t *testing.T) {
	got := trip(t, taggedOut{A: 1, b: 2, C: make(chan struct{})})
	if !reflect.DeepEqual(got, taggedOut{A: 1}) {
		t.Errorf("got %+v, want A alone", got)
	}
}

func TestFloatBits(t *testing.T) {
	for _, bits := range []uint64{0, 1 << 63, 1, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0x7ff0000000000001, 0xfff4000000000abc} {
		f := math.Float64frombits(bits)
		if got := math.Float64bits(trip(t, f)); got != bits {
			t.Errorf("float64 %#x arrives as %#x", bits, got)
		}
		if got := math.Float64bits(trip(t, []float64{f})[0]); got != bits {
			t.Errorf("[]float64 %#x arrives as %#x", bits, got)
		}
	}
	type named float32
	for _, bits := range []uint32{0, 1 << 31, 1, 0x7f800000, 0xff800000, 0x7fc00001, 0x7f800001, 0xffa00abc} {
		f := math.Float32frombits(bits)
		if got := math.Float32bits(trip(t, [1]float32{f})[0]); got != bits {
			t.Errorf("float32 %#x arrives as %#x", bits, got)
		}
		if got := math.Float32bits(float32(trip(t, []named{named(f)})[0])); got != bits {
			t.Errorf("named float32 %#x arrives as %#x", bits, got)
		}
	}
	if got := trip(t, map[float64]int{math.NaN(): 1, math.Inf(1): 2}); len(got) != 2 || got[math.Inf(1)] != 2 {
		t.Errorf("NaN as a key: got %v", got)
	}
}

func TestTime(t *testing.T) {
	lmt := time.FixedZone("LMT", 53*60+28)
	for _, v := range []time.Time{
		{},
		time.Now(),
		time.Unix(1, 999_999_999).UTC(),
		time.Date(1850, 1, 2, 3, 4, 5, 6, lmt),
		time.Date(2024, 7, 1, 0, 0, 0, 0, time.FixedZone("CEST", 7200)),
		time.Date(2024, 7, 1, 0, 0, 0, 0, time.FixedZone("", -1)),
		time.Time{}.In(lmt),
		time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-300_000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		got := trip(t, &v)
		if got == nil {
			t.Errorf("a pointer to %v arrives as nil", v)
			continue
		}
		const layout = "2006-01-02T15:04:05.999999999Z07:00:00 MST"
		if !got.Equal(v) || got.Format(layout) != v.Format(layout) {
			t.Errorf("sent %s, got %s", v.Format(layout), got.Format(layout))
		}
		if (got.Location() == time.Local) != (v.Location() == time.Local) || (got.Location() == time.UTC) != (v.Location() == time.UTC) {
			t.Errorf("sent in %v, got in %v", v.Location(), got.Location())
		}
	}
	if got := trip(t, time.Time{}); got != (time.Time{}) {
		t.Errorf("the zero time arrives as %#v", got)
	}
	now := time.Now().UTC().Round(0)
	if got := trip(t, map[time.Time]int{now: 1}); got[now] != 1 {
		t.Errorf("a UTC time is not found again as a key: %v", got)
	}
}

func TestLongList(t *testing.T) {
	var list *Node
	for i := range 4_000 {
		list = &Node{i, list}
	}
	got := trip(t, list)
	for want := list; want != nil; want, got = want.Next, got.Next {
		if got == nil || got.Value != want.Value {
			t.Fatalf("the list differs at %d", want.Value)
		}
	}
	if got != nil {
		t.Fatal("the list got longer")
	}
}

func TestSharedPointersArriveAsCopies(t *testing.T) {
	n := &Node{Value: 1}
	got := trip(t, [2]*Node{n, n})
	if got[0] == got[1] || got[0].Value != 1 || got[1].Value != 1 {
		t.Errorf("got %v", got)
	}
}

func TestResultSharesNothing(t *testing.T) {
	v := []byte("abc")
	data, err := codec.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	v[0] = 'X'
	var got []byte
	if err := codec.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	clear(data)
	if !bytes.Equal(got, []byte("abc")) {
		t.Errorf("got %q", got)
	}
}

func TestLargeBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 600 MiB")
	}
	v := make([]byte, 200<<20)
	v[len(v)-1] = 1
	if !bytes.Equal(trip(t, v), v) {
		t.Error("200 MiB changed on the way")
	}
}
