package track

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"multiproc/internal/wire"
)

// What one side says arrives at the other; a byte more or less is refused.
func TestFramesArrive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sent   interface{ encode() []byte }
		decode func([]byte) (any, error)
	}{
		{hello{1 << 22, "Process-1:\xff", true, true}, func(b []byte) (any, error) { return decodeHello(b) }},
		{registration{1<<63 + 1, claim{"a/b.kind", "x:\n\x00y"}, "file.go:7"}, func(b []byte) (any, error) { return decodeRegistration(b) }},
		{childNote{1 << 40, 77, true, -second}, func(b []byte) (any, error) { return decodeChild(b) }},
		{lineNote{{1, 2, true, second}, {3, 4, false, 0}}, func(b []byte) (any, error) { return decodeLine(b) }},
		{Report{"k", "\"r\"", "o", 1, "w", "p"}, func(b []byte) (any, error) { return decodeReport(b) }},
	} {
		b := c.sent.encode()
		if got, err := c.decode(b); err != nil || !reflect.DeepEqual(got, c.sent) {
			t.Errorf("%+v became %+v, %v", c.sent, got, err)
		}
		for n := range b {
			if _, err := c.decode(b[:n]); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%d bytes of %T: %v", n, c.sent, err)
			}
		}
		if _, err := c.decode(append(b, 0)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("a byte more of %T: %v", c.sent, err)
		}
	}
	if id, problem, err := decodeAck(encodeAck(7, "p")); id != 7 || problem != "p" || err != nil {
		t.Errorf("%d, %q, %v", id, problem, err)
	}
}

// FuzzOwner: whatever an owner says, the tracker goes on.
func FuzzOwner(f *testing.F) {
	f.Add(byte(kindRegister), registration{1, claim{"k", "d"}, "w"}.encode())
	f.Add(byte(kindUnregister), registration{1, claim{"k", "d"}, "w"}.encode())
	f.Add(byte(kindChild), childNote{1, 2, true, second}.encode())
	f.Add(byte(kindLine), lineNote{{1, 2, true, second}}.encode())
	f.Add(byte(kindGone), encodeID(1))
	f.Add(byte(kindSync), encodeID(1))
	f.Add(byte(kindReport), []byte("x"))
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		if wire.Kind(kind) == kindBye {
			return // it ends the link
		}
		w := newWorld(t)
		o, end := w.owner(1, true)
		go func() {
			for {
				if _, err := end.receive(); err != nil {
					return
				}
			}
		}()
		_ = w.handle(o, wire.Frame{Kind: wire.Kind(kind), Payload: payload}) // it may be refused
		w.bury(o)
		if len(w.owners)+len(w.claims) != 0 {
			t.Errorf("%d owners, %d claims are left", len(w.owners), len(w.claims))
		}
		o.link.close()
	})
}

// A report fits into a frame, whatever is in it.
func TestReportFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", MaxResource)
	b := Report{long, long, long, 1, long, long}.encode()
	if r, err := decodeReport(b); err != nil || len(b) > maxFrame || !strings.HasSuffix(r.Problem, "ä…") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if b := (hello{name: long}).encode(); len(b) > maxFrame {
		t.Errorf("a hello of %d bytes", len(b))
	}
}
