package mplog

import (
	"log/slog"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// wireRecord is a record on its way between processes of one binary: there is
// no other reader, so that fields may change freely.
type wireRecord struct {
	Time    []byte      `cbor:"1,keyasint,omitempty"` // as packTime has it; empty for none
	Level   int64       `cbor:"2,keyasint,omitempty"`
	Message string      `cbor:"3,keyasint,omitempty"`
	Process string      `cbor:"4,keyasint,omitempty"` // where it was made, however often it was passed on
	Source  *wireSource `cbor:"5,keyasint,omitempty"` // nil if not known
	Attrs   []wireAttr  `cbor:"6,keyasint,omitempty"`
}

// wireSource is a position in the source, in words and as a program counter
// relative to anchor: that holds where code is loaded at another address in
// each process (PIE). The words tell whether it does.
type wireSource struct {
	Function string `cbor:"1,keyasint,omitempty"`
	File     string `cbor:"2,keyasint,omitempty"`
	Line     int    `cbor:"3,keyasint,omitempty"`
	Distance int64  `cbor:"4,keyasint,omitempty"`
}

// wireAttr is an attribute whose value is resolved.
type wireAttr struct {
	Key   string     `cbor:"1,keyasint,omitempty"`
	Kind  slog.Kind  `cbor:"2,keyasint"`
	Text  string     `cbor:"3,keyasint,omitempty"` // strings and times
	Bits  uint64     `cbor:"4,keyasint,omitempty"` // numbers, bit for bit: a float's NaN and -0 survive
	Group []wireAttr `cbor:"5,keyasint,omitempty"`
}

// anchor is some program counter, the same one in each process of a binary.
var anchor = sync.OnceValue(func() uintptr {
	var pcs [1]uintptr
	runtime.Callers(1, pcs[:])
	return pcs[0]
})

// decoding is made when first needed: not every process has children that log.
var decoding = sync.OnceValue(func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		UTF8:            cbor.UTF8DecodeInvalid, // a log must take what it gets
		MaxNestedLevels: 1024,                   // two for each group
	}.DecMode()
	if err != nil {
		panic("mplog: " + err.Error()) // the options are constant
	}
	return mode
})

func wireFrom(r slog.Record, process string) wireRecord {
	w := wireRecord{Level: int64(r.Level), Message: r.Message, Process: process}
	if !r.Time.IsZero() {
		w.Time = packTime(r.Time)
	}
	if src := r.Source(); src != nil {
		w.Source = &wireSource{src.Function, src.File, src.Line, int64(r.PC - anchor())}
	}
	r.Attrs(func(a slog.Attr) bool {
		w.Attrs = appendWire(w.Attrs, a, 0)
		return true
	})
	return w
}

func appendWire(to []wireAttr, a slog.Attr, depth int) []wireAttr {
	v := a.Value.Resolve()
	if a.Key == "" && v.Equal(slog.Value{}) {
		return to
	}
	w := wireAttr{Key: a.Key, Kind: v.Kind()}
	switch v.Kind() {
	case slog.KindInt64:
		w.Bits = uint64(v.Int64())
	case slog.KindUint64:
		w.Bits = v.Uint64()
	case slog.KindFloat64:
		w.Bits = math.Float64bits(v.Float64())
	case slog.KindBool:
		if v.Bool() {
			w.Bits = 1
		}
	case slog.KindDuration:
		w.Bits = uint64(v.Duration())
	case slog.KindTime:
		w.Text = string(packTime(v.Time()))
	case slog.KindGroup:
		if depth == maxDepth {
			w.Kind, w.Text = slog.KindString, v.String()
			break
		}
		for _, inner := range v.Group() {
			w.Group = appendWire(w.Group, inner, depth+1)
		}
	case slog.KindString:
		w.Text = v.String()
	default:
		w.Kind, w.Text = slog.KindString, textOf(v.Any())
	}
	return append(to, w)
}

// packTime keeps nanoseconds and the offset of the zone.
func packTime(t time.Time) []byte {
	b, err := t.MarshalBinary()
	if err != nil { // the zone's offset is out of bounds
		b, _ = t.UTC().MarshalBinary()
	}
	return b
}
