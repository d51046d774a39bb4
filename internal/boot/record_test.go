package boot

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"multiproc/internal/seam"
	"multiproc/internal/wire"
)

// full has every field set, each to a value of its own.
var full = Record{
	Build: math.MaxUint64 - 1, Func: "f", Name: "Process-1:2", Path: "1:2", ParentName: "Process-1",
	Daemon: true, Detached: true,
	Args:    []string{"program", "", "-x=\x00\xff"},
	Restore: []string{"GOGC", "GOMEMLIMIT=1GiB"},
	Grace:   -time.Hour, Deadline: math.MinInt64, CrashFD: 4, CrashSlot: 1 << 20, Spare: true, Umask: 0o22, Door: 5, Tracker: 4,
	Files: []string{"", "listener\xff"}, FirstFile: 6,
	Log: seam.LogState{On: true, Level: slog.LevelDebug, Stderr: true, Custom: true},
}

// A field that is added to Record and forgotten in full, Encode or Decode is
// found here.
func TestRecordArrivesFieldByField(t *testing.T) {
	t.Parallel()
	for _, path := range fields(reflect.TypeFor[Record](), nil) {
		if reflect.ValueOf(full).FieldByIndex(path).IsZero() {
			t.Errorf("field %v of the test's record is zero", path)
		}
		var one Record
		reflect.ValueOf(&one).Elem().FieldByIndex(path).Set(reflect.ValueOf(full).FieldByIndex(path))
		for _, sent := range []Record{full, one, {}} {
			got, err := Decode(sent.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, sent) {
				t.Errorf("sent %+v\ngot  %+v", sent, *got)
			}
		}
	}
}

// fields are the indices of all fields of t that are no structs.
func fields(t reflect.Type, outer []int) (paths [][]int) {
	for i := range t.NumField() {
		path := append(append([]int(nil), outer...), i)
		if f := t.Field(i); f.Type.Kind() == reflect.Struct {
			paths = append(paths, fields(f.Type, path)...)
		} else {
			paths = append(paths, path)
		}
	}
	return paths
}

func TestCutOrLongRecordIsRefused(t *testing.T) {
	t.Parallel()
	whole := full.Encode()
	for n := range whole {
		if _, err := Decode(whole[:n:n]); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
	if _, err := Decode(append(whole, 0)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a byte too many: %v", err)
	}
}

// As a letter travels: the frame of the record, then that of the argument.
func TestLetterArrives(t *testing.T) {
	t.Parallel()
	long := full
	long.Args = []string{strings.Repeat("x", 3<<20)}
	for _, sent := range []Record{{}, full, long} {
		stream := bytes.NewReader(wire.Append(wire.Append(nil, wire.Boot, sent.Encode()), wire.Arg, []byte("arg")))
		f, err := wire.ReadFrame(stream, 64<<20)
		if err != nil || f.Kind != wire.Boot {
			t.Fatalf("kind %d, %v", f.Kind, err)
		}
		got, err := Decode(f.Payload)
		if err != nil || !reflect.DeepEqual(*got, sent) {
			t.Errorf("the record did not arrive: %v", err)
		}
		if arg, err := wire.ReadFrame(stream, 64<<20); err != nil || arg.Kind != wire.Arg || string(arg.Payload) != "arg" {
			t.Errorf("argument: kind %d, %q, %v", arg.Kind, arg.Payload, err)
		}
	}
}

// FuzzRecord: no bytes do harm, and what decodes leaves and arrives again.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(nil))
	f.Add((&Record{}).Encode())
	whole := full.Encode()
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(append(whole[:20:20], bytes.Repeat([]byte{0xff}, 60)...))
	f.Fuzz(func(t *testing.T, data []byte) { decodeAgain(t, data) })
}

// FuzzLetter: the same for a whole stream, as a child reads it.
func FuzzLetter(f *testing.F) {
	whole := full.Encode()
	f.Add(wire.Append(wire.Append(nil, wire.Boot, whole), wire.Arg, []byte("argument")))
	f.Add(wire.Append(nil, wire.Boot, whole[:10]))
	f.Add(wire.Append(nil, wire.Arg, nil))
	f.Add([]byte{byte(wire.Boot), 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		stream := bytes.NewReader(data)
		frame, err := wire.ReadFrame(stream, 1<<20)
		if err != nil {
			return
		}
		decodeAgain(t, frame.Payload)
		if arg, err := wire.ReadFrame(stream, 1<<20); err == nil && len(arg.Payload)+len(frame.Payload)+10 > len(data) {
			t.Errorf("%d and %d bytes of payload in %d", len(frame.Payload), len(arg.Payload), len(data))
		}
	})
}

func decodeAgain(t *testing.T, data []byte) {
	t.Helper()
	r, err := Decode(data)
	if err != nil {
		return
	}
	if size := len(r.Func) + len(r.Name) + len(r.Path) + len(r.ParentName) + len(r.Args) + len(r.Restore) + len(r.Files); size > len(data) {
		t.Errorf("%d bytes of text in a record of %d", size, len(data))
	}
	again, err := Decode(r.Encode())
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("sent %+v\ngot  %+v, %v", r, again, err)
	}
}
