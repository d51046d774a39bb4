package codec_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"multiproc/internal/codec"
)

// rich has something of everything.
type rich struct {
	B    bool
	I    int64
	U    uint16
	F32  float32
	F64  float64
	S    label
	Raw  []byte
	Fix  [3]byte
	List []string
	Nums []float64
	Map  map[string]*rich
	Key  map[[2]int8]color
	P    **int
	T    time.Time
	PT   *time.Time
	Big  *big.Int
	Addr netip.Addr
	Next *rich
	Kids []rich
	inner
	Stamp stamped
}

// FuzzUnmarshal: no bytes do harm, and what decodes is a value like any other.
func FuzzUnmarshal(f *testing.F) {
	for _, v := range []any{rich{}, []Node{{1, nil}}, map[string][]int{"a": nil}, time.Now(), selfSlice{{}, nil}, holder{}} {
		data, err := codec.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, target := range []any{
			new(rich), new([]Node), new(map[string][]int), new(time.Time), new(selfSlice), new(selfMap), new(holder),
			new([][3]uint8), new(map[netip.Addr]big.Float), new(**int), new(struct{}),
		} {
			if err := codec.Unmarshal(data, target); err != nil {
				continue
			}
			again, err := codec.Marshal(reflect.ValueOf(target).Elem().Interface())
			if err != nil {
				t.Fatalf("%T decoded but does not encode: %v", target, err)
			}
			if err := codec.Unmarshal(again, target); err != nil {
				t.Fatalf("%T encoded but does not decode: %v", target, err)
			}
		}
	})
}

// FuzzRoundTrip: any value arrives as it left, and leaves again as the same
// bytes.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff, 1, 0x80, 3, 7}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := source{data}
		v := s.rich(3)
		sent, err := codec.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got rich
		if err := codec.Unmarshal(sent, &got); err != nil {
			t.Fatal(err)
		}
		again, err := codec.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		// Maps have one entry at most, so equal values have equal bytes: the
		// comparison that takes NaNs and the zones of times as they are.
		if !bytes.Equal(sent, again) {
			t.Fatalf("sent  %#v\ngot   %#v", v, got)
		}
		if !reflect.DeepEqual(shape(v), shape(got)) {
			t.Fatalf("sent  %#v\ngot   %#v", v, got)
		}
	})
}

// shape is v without what DeepEqual finds unequal to itself.
func shape(v rich) rich {
	v.F32, v.F64, v.Nums = 0, 0, nil
	v.T, v.PT, v.Stamp.Time = time.Time{}, nil, time.Time{}
	v.Big, v.Map, v.Next, v.Kids = nil, nil, nil, nil
	return v
}

// source makes values of bytes; after its end all are zero.
type source struct{ data []byte }

func (s *source) take(n int) []byte {
	b := make([]byte, n)
	s.data = s.data[copy(b, s.data):]
	return b
}

func (s *source) byte() byte     { return s.take(1)[0] }
func (s *source) uint64() uint64 { return binary.LittleEndian.Uint64(s.take(8)) }
func (s *source) bytes() []byte {
	n := s.byte()
	if n == 0 {
		return nil
	}
	return s.take(int(n-1) % 32)
}

func (s *source) time() time.Time {
	t := time.Unix(int64(s.uint64()), int64(s.uint64()%uint64(time.Second)))
	switch s.byte() % 3 {
	case 0:
		return t.UTC()
	case 1:
		return t.In(time.FixedZone(string(s.bytes()), int(int32(s.uint64()))))
	}
	return t
}

func (s *source) rich(depth int) rich {
	v := rich{
		B: s.byte()&1 == 1, I: int64(s.uint64()), U: uint16(s.uint64()),
		F32: math.Float32frombits(uint32(s.uint64())), F64: math.Float64frombits(s.uint64()),
		S: label(s.bytes()), Raw: s.bytes(), Fix: [3]byte(s.take(3)),
		T: s.time(), inner: inner{int(s.byte())}, Stamp: stamped{s.time(), string(s.bytes())},
		Big: new(big.Int).SetBytes(s.bytes()),
	}
	flags := s.byte()
	if flags&1 != 0 {
		i := int(s.byte())
		p := &i
		if i == 0 {
			p = nil
		}
		v.P = &p
	}
	if flags&2 != 0 {
		t := s.time()
		v.PT = &t
		v.Addr = netip.AddrFrom4([4]byte(s.take(4)))
	}
	if flags&4 != 0 {
		v.List = make([]string, s.byte()%4)
		v.Nums = []float64{math.Float64frombits(s.uint64())}
		v.Key = map[[2]int8]color{{int8(s.byte()), 1}: color(s.byte())}
	}
	if depth == 0 {
		return v
	}
	if flags&8 != 0 {
		next := s.rich(depth - 1)
		v.Next = &next
	}
	if flags&16 != 0 {
		v.Kids = []rich{s.rich(depth - 1)}
		v.Map = map[string]*rich{string(s.bytes()): nil}
	}
	return v
}
