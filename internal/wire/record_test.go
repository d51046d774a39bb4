package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"multiproc/internal/wire"
)

func TestRecordsArriveAsTheyLeft(t *testing.T) {
	t.Parallel()
	var (
		ints  = []int64{0, 1, -1, 63, 64, -64, -65, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
		uints = []uint64{0, 1, math.MaxUint32, math.MaxUint64}
		texts = []string{"", "a", "\x00\xff", "ä∀", strings.Repeat("long", 1000)}
		lists = [][]string{nil, {""}, {"", ""}, texts}
	)
	var b []byte
	for _, v := range ints {
		b = wire.AppendInt(b, v)
	}
	b = wire.AppendInt(b, time.Hour) // any type of a number
	for _, v := range uints {
		b = wire.AppendUint(b, v)
	}
	b = wire.AppendBool(wire.AppendBool(b, true), false)
	for _, v := range texts {
		b = wire.AppendString(b, v)
	}
	for _, v := range lists {
		b = wire.AppendStrings(b, v)
	}

	r := wire.Parse(b)
	for _, want := range append(ints, int64(time.Hour)) {
		if got := r.Int(); got != want {
			t.Errorf("Int = %d, want %d", got, want)
		}
	}
	for _, want := range uints {
		if got := r.Uint(); got != want {
			t.Errorf("Uint = %d, want %d", got, want)
		}
	}
	if yes, no := r.Bool(), r.Bool(); !yes || no {
		t.Errorf("Bool = %v, %v, want true, false", yes, no)
	}
	for _, want := range texts {
		if got := r.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
	for _, want := range lists {
		if got := r.Strings(); !slices.Equal(got, want) {
			t.Errorf("Strings = %q, want %q", got, want)
		}
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestEmptyListIsNil(t *testing.T) {
	t.Parallel()
	if got := wire.Parse(wire.AppendStrings(nil, []string{})).Strings(); got != nil {
		t.Errorf("Strings = %#v, want nil", got)
	}
}

// A reader of each kind, and what it must not accept.
var readers = []struct {
	name string
	read func(*wire.Record) (zero bool)
	bad  []string
}{
	{"Int", func(r *wire.Record) bool { return r.Int() == 0 }, []string{
		"", "\x80", "\xff\xff\xff",
		strings.Repeat("\x80", 10) + "\x01", // more than 64 bits
		strings.Repeat("\xff", 20),
	}},
	{"Uint", func(r *wire.Record) bool { return r.Uint() == 0 }, []string{"", "1", "1234567"}},
	{"Bool", func(r *wire.Record) bool { return !r.Bool() }, []string{"", "\x02", "\xff"}},
	{"String", func(r *wire.Record) bool { return r.String() == "" }, []string{
		"", "\x02", "\x04a", "\x01", // -1 bytes
		string(binary.AppendVarint(nil, math.MaxInt64)) + "abc",
		string(binary.AppendVarint(nil, math.MinInt64)) + "abc",
	}},
	{"Strings", func(r *wire.Record) bool { return r.Strings() == nil }, []string{
		"", "\x02", "\x01", "\x04\x00", "\x04\x02a\x02", "\x02\x01",
		string(binary.AppendVarint(nil, math.MaxInt64)) + "abc",
		string(binary.AppendVarint(nil, math.MinInt64)) + "abc",
		string(binary.AppendVarint(nil, 1<<32+1)) + "\x00",
	}},
}

func TestMalformedReadsAsZeroFromThenOn(t *testing.T) {
	t.Parallel()
	for _, kind := range readers {
		for _, bad := range kind.bad {
			r := wire.Parse([]byte(bad))
			if !kind.read(r) {
				t.Errorf("%s of %q is not zero", kind.name, bad)
			}
			if err := r.Err(); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s of %q: %v, want %v", kind.name, bad, err, wire.ErrMalformed)
			}
			for _, after := range readers {
				if !after.read(r) {
					t.Errorf("%s after %s of %q is not zero", after.name, kind.name, bad)
				}
			}
			if err := r.Err(); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s of %q is forgotten: %v, want %v", kind.name, bad, err, wire.ErrMalformed)
			}
		}
	}
}

func TestLeftOverBytesAreAFault(t *testing.T) {
	t.Parallel()
	r := wire.Parse([]byte{1, 0})
	if got := r.Bool(); !got {
		t.Error("Bool = false, want true")
	}
	if err := r.Err(); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("%v, want %v", err, wire.ErrMalformed)
	}
	if r.Bool(); r.Err() != nil {
		t.Errorf("all was read: %v", r.Err())
	}
}

// Not parallel, for it looks at what the whole process allocates.
func TestMalformedListCostsNothing(t *testing.T) {
	const size = 8 * mib
	// As many strings as there are bytes; the first is longer than all of them.
	b := wire.AppendInt(wire.AppendInt(nil, size), 2*size)
	b = append(b, bytes.Repeat([]byte{0}, size)...)
	r := wire.Parse(b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := r.Strings()
	runtime.ReadMemStats(&after)
	if err := r.Err(); len(got) != 0 || !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("%d strings, %v, want none and %v", len(got), err, wire.ErrMalformed)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > mib {
		t.Errorf("%d bytes were allocated for a list of none", n)
	}
}
