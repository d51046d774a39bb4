package mplog

import (
	"log/slog"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

func encode(tb testing.TB, w wireRecord) []byte {
	tb.Helper()
	b, err := cbor.Marshal(w)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Laws: no input panics, and what was read can be sent on and then reads the
// same.
func FuzzUnwire(f *testing.F) {
	r := slog.NewRecord(time.Unix(1, 2), LevelInfo, "m", anchor())
	r.Add("s", "v", "i", 1, "u", uint64(2), "f", 1.5, "b", true, "d", time.Second, "t", time.Unix(3, 4), slog.Group("g", "x", "y"))
	f.Add(encode(f, wireFrom(r, "Process-1")))
	f.Add(encode(f, wireRecord{Source: &wireSource{"f", "f.go", 1, 77}}))
	f.Add(encode(f, wireRecord{Time: []byte{1}}))
	f.Add(encode(f, wireRecord{Attrs: []wireAttr{{Kind: slog.KindLogValuer}}}))
	f.Add([]byte{0xa0})
	f.Add([]byte{0x9f, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := unwire(b)
		if err != nil {
			return
		}
		b = encode(t, wireFrom(first.Record, first.process))
		again, err := unwire(b)
		if err != nil {
			t.Fatal(err)
		}
		if again.Message != first.Message || again.Level != first.Level || !again.Time.Equal(first.Time) || again.PC != first.PC || again.process != first.process {
			t.Errorf("got %v, want %v", again, first)
		}
		if a, b := kept(first.Record), kept(again.Record); !same(a, b) {
			t.Errorf("got %v, want %v", b, a)
		}
	})
}

// kept is what of a record's attributes travels: all but empty ones.
func kept(r slog.Record) (attrs []wireAttr) { return wireFrom(r, "").Attrs }

// same compares bit for bit, which also tells a NaN from another.
func same(a, b []wireAttr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.Key != y.Key || x.Kind != y.Kind || x.Text != y.Text || x.Bits != y.Bits || !same(x.Group, y.Group) {
			return false
		}
	}
	return true
}
