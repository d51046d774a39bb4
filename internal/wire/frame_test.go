package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"multiproc/internal/wire"
)

const mib = 1 << 20

// noise is n bytes, the same in each run.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// promise is the head of a frame that has size bytes, if it tells the truth.
func promise(kind wire.Kind, size uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{byte(kind)}, size)
}

// sizes are those at which Write or ReadFrame goes another way.
var sizes = []int{0, 1, 4, 64<<10 - 1, 64 << 10, 64<<10 + 1, mib - 1, mib, mib + 1, 2*mib + 1, 5*mib + 3}

func TestFramesArriveAsTheyLeft(t *testing.T) {
	t.Parallel()
	var stream, appended bytes.Buffer
	w := wire.NewWriter(&stream)
	for i, size := range sizes {
		kind := wire.Kind(i * 25)
		if err := w.Write(kind, noise(size)); err != nil {
			t.Fatal(err)
		}
		appended.Write(wire.Append(nil, kind, noise(size)))
	}
	if !bytes.Equal(stream.Bytes(), appended.Bytes()) {
		t.Error("Write and Append do not agree")
	}
	for name, r := range map[string]io.Reader{
		"whole":  bytes.NewReader(stream.Bytes()),
		"halves": iotest.HalfReader(bytes.NewReader(stream.Bytes())),
		"eager":  iotest.DataErrReader(bytes.NewReader(stream.Bytes())), // EOF comes with the last bytes
	} {
		for i, size := range sizes {
			got, err := wire.ReadFrame(r, int64(size)) // the limit itself is allowed
			if err != nil || got.Kind != wire.Kind(i*25) || !bytes.Equal(got.Payload, noise(size)) {
				t.Errorf("%s: frame of %d bytes: kind %d, %d bytes, %v", name, size, got.Kind, len(got.Payload), err)
			}
		}
		if _, err := wire.ReadFrame(r, wire.MaxFrame); !errors.Is(err, io.EOF) {
			t.Errorf("%s: at the end: %v, want EOF", name, err)
		}
	}
}

func TestAppendKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	b := wire.Append(wire.Append([]byte("x"), wire.Boot, []byte("one")), wire.Arg, nil)
	if want := "x\x01\x03\x00\x00\x00one\x02\x00\x00\x00\x00"; string(b) != want {
		t.Errorf("Append = %q, want %q", b, want)
	}
}

func TestCutFrameIsNoFrame(t *testing.T) {
	t.Parallel()
	whole := wire.Append(nil, wire.Result, []byte("some payload"))
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		for _, r := range []io.Reader{
			bytes.NewReader(whole[:n]),
			iotest.OneByteReader(bytes.NewReader(whole[:n])),
			iotest.DataErrReader(bytes.NewReader(whole[:n])),
		} {
			// Compared as they are: EOF is how a caller knows a clean end.
			if f, err := wire.ReadFrame(r, wire.MaxFrame); err != want || f.Payload != nil { //nolint:errorlint // see above
				t.Errorf("%d bytes of %d: %q, %v, want %v", n, len(whole), f.Payload, err, want)
			}
		}
	}
}

func TestErrorOfTheStreamComesThrough(t *testing.T) {
	t.Parallel()
	whole := wire.Append(nil, wire.Result, noise(3*mib))
	broken := errors.New("broken")
	for _, n := range []int{0, 3, 5, 6, mib, mib + 5, 2*mib + 7} {
		r := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken))
		if _, err := wire.ReadFrame(r, wire.MaxFrame); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v, want %v", n, err, broken)
		}
	}
}

func TestFrameAboveTheLimitIsRefusedUnread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size  uint32
		limit int64
	}{{1, 0}, {11, 10}, {math.MaxUint32, 64 << 20}, {math.MaxUint32, math.MaxUint32 - 1}, {0, -1}, {5, math.MinInt64}} {
		rest := strings.NewReader("the payload")
		_, err := wire.ReadFrame(io.MultiReader(bytes.NewReader(promise(wire.Arg, c.size)), rest), c.limit)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(c.size)) {
			t.Errorf("size %d, limit %d: %v", c.size, c.limit, err)
		}
		if rest.Len() != len("the payload") {
			t.Errorf("size %d, limit %d: %d bytes were left of the payload", c.size, c.limit, rest.Len())
		}
	}
}

// A meter sees how much memory a reader sets aside for what is still to come.
type meter struct {
	r    io.Reader
	came int
	most int // the largest excess over twice what had come
}

func (m *meter) Read(p []byte) (int, error) {
	m.most = max(m.most, len(p)-2*m.came)
	n, err := m.r.Read(p)
	m.came += n
	return n, err
}

// Not parallel, for it looks at what the whole process allocates.
func TestMemoryGrowsWithWhatArrives(t *testing.T) {
	for _, come := range []int{0, 1, 1000, mib, 3*mib + 1} {
		stream := append(promise(wire.Arg, math.MaxInt32), noise(come)...)
		m := &meter{r: bytes.NewReader(stream)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := wire.ReadFrame(m, wire.MaxFrame)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of 2 GiB: %v", come, err)
		}
		if m.most > mib {
			t.Errorf("%d bytes came, and %d more than twice that were asked for", come, m.most)
		}
		if got, bound := after.TotalAlloc-before.TotalAlloc, uint64(8*come+4*mib); got > bound {
			t.Errorf("%d bytes came, %d were allocated, want %d at most", come, got, bound)
		}
	}
}
