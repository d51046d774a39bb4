package wire_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"multiproc/internal/wire"
)

// FuzzFrame: what a stream says ends in frames that were whole, then an error;
// nothing is set aside for bytes that do not come; frames leave as they came.
func FuzzFrame(f *testing.F) {
	two := wire.Append(wire.Append(nil, wire.Run, nil), wire.Result, []byte("value"))
	for _, data := range [][]byte{nil, {1}, two, two[:len(two)-1], two[:6], promise(wire.Arg, 1<<32-1), append(promise(wire.Log, 1<<16), two...)} {
		f.Add(data, int64(1<<10))
		f.Add(data, int64(wire.MaxFrame))
		f.Add(data, int64(-1))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int64) {
		m := &meter{r: bytes.NewReader(data)}
		var again []byte
		var err error
		for {
			var frame wire.Frame
			if frame, err = wire.ReadFrame(m, limit); err != nil {
				break
			}
			if int64(len(frame.Payload)) > limit {
				t.Fatalf("a payload of %d bytes with a limit of %d", len(frame.Payload), limit)
			}
			again = wire.Append(again, frame.Kind, frame.Payload)
		}
		if m.most > mib {
			t.Errorf("%d bytes came, %d more than twice that were asked for", m.came, m.most)
		}
		if !bytes.HasPrefix(data, again) {
			t.Errorf("read  %q\nfrom  %q", again, data)
		}
		if whole := len(again) == len(data); whole != errors.Is(err, io.EOF) {
			t.Errorf("%d bytes of %d were frames: %v", len(again), len(data), err)
		}
	})
}

// FuzzRecord: shape says what is read. No bytes do harm, a fault stays one, and
// what was read without a fault leaves and arrives again.
func FuzzRecord(f *testing.F) {
	b := wire.AppendInt(nil, -300)
	b = wire.AppendUint(b, 7)
	b = wire.AppendBool(b, true)
	b = wire.AppendString(b, "text")
	b = wire.AppendStrings(b, []string{"a", "", "c"})
	f.Add([]byte{0, 1, 2, 3, 4}, b)
	f.Add([]byte{0, 1, 2, 3, 4, 0}, b)
	f.Add([]byte{4, 4, 0}, b)
	for i, kind := range readers {
		for _, bad := range kind.bad {
			f.Add([]byte{byte(i), 0}, []byte(bad))
		}
	}
	f.Fuzz(func(t *testing.T, shape, data []byte) {
		again, faulty := reread(t, shape, data)
		if faulty {
			return
		}
		if third, faulty := reread(t, shape, again); faulty || !bytes.Equal(third, again) {
			t.Errorf("sent %q\ngot  %q (faulty: %v)", again, third, faulty)
		}
	})
}

// reread reads data as shape says, writes what it gets, and checks that no more
// came out than went in.
func reread(t *testing.T, shape, data []byte) (again []byte, faulty bool) {
	t.Helper()
	r := wire.Parse(slices.Clone(data))
	size := 0
	for _, s := range shape {
		switch s % 5 {
		case 0:
			again = wire.AppendInt(again, r.Int())
		case 1:
			again = wire.AppendUint(again, r.Uint())
		case 2:
			again = wire.AppendBool(again, r.Bool())
		case 3:
			text := r.String()
			size += len(text)
			again = wire.AppendString(again, text)
		case 4:
			list := r.Strings()
			for _, text := range list {
				size += len(text) + 1
			}
			again = wire.AppendStrings(again, list)
		}
	}
	if size > len(data) {
		t.Errorf("%d bytes of text in a record of %d", size, len(data))
	}
	return again, r.Err() != nil
}
