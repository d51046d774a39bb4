package crash

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// slotOf returns a slot with these numbers in its header, whose ring holds body
// from position at on.
func slotOf(written, marked uint64, at int, body string) []byte {
	slot := make([]byte, slotSize)
	binary.NativeEndian.PutUint64(slot, written)
	binary.NativeEndian.PutUint64(slot[8:], marked)
	for i := range len(body) {
		slot[header+(at+i)%ringSize] = body[i]
	}
	return slot
}

func TestText(t *testing.T) {
	t.Parallel()
	const fatal = "fatal error: all is lost\n"
	short := "gc 1 @0.1s\n"
	long := strings.Repeat("x", lead) + "\n" + short
	for _, c := range []struct {
		name, body string
		at         int // where in all that was written body begins
		marked     int // where in body the crash begins, -1 for none
		want       string
	}{
		{"nothing", "", 0, -1, ""},
		{"no crash", short, 0, -1, ""},
		{"only a crash", fatal, 0, 0, fatal},
		{"after a line", short + fatal, 0, len(short), short + fatal},
		{"after more than the lead", long + fatal, 0, len(long), short + fatal},
		{"after no end of a line", strings.Repeat("x", 2*lead) + fatal, 0, 2 * lead, strings.Repeat("x", lead) + fatal},
		{"across the end of the ring", long + fatal, ringSize - lead - 5, len(long), short + fatal},
		{"many turns later", long + fatal, 1000*ringSize + 17, len(long), short + fatal},
	} {
		marked := uint64(0)
		if c.marked >= 0 {
			marked = uint64(c.at + c.marked + 1)
		}
		if got := text(slotOf(uint64(c.at+len(c.body)), marked, c.at%ringSize, c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// hostile are headers that no runtime wrote.
var hostile = []struct{ written, marked uint64 }{
	{0, 1},
	{5, 6},
	{0, math.MaxUint64},
	{math.MaxUint64, 1},
	{math.MaxUint64, 0},
	{math.MaxUint64, math.MaxUint64},
	{math.MaxUint64, math.MaxUint64 - ringSize},
	{math.MaxUint64, 1 << 63},
	{1 << 63, 1},
	{ringSize, 1},
	{ringSize + 1, 1},
	{ringSize + lead, lead + 1},
	{1 << 40, 1<<40 - ringSize + 1},
	{1 << 40, 1<<40 - ringSize},
}

func TestHostileHeader(t *testing.T) {
	t.Parallel()
	for _, h := range hostile {
		lawful(t, slotOf(h.written, h.marked, 0, strings.Repeat("line\n", ringSize/5)))
		lawful(t, slotOf(h.written, h.marked, 0, ""))
	}
}

// lawful checks what holds for any slot: no more text than the ring has, and
// none without a crash.
func lawful(t *testing.T, slot []byte) {
	t.Helper()
	written, marked := binary.NativeEndian.Uint64(slot), binary.NativeEndian.Uint64(slot[8:])
	got := text(slot)
	if len(got) > ringSize || uint64(len(got)) > written {
		t.Errorf("written %d, marked %d: %d bytes of text", written, marked, len(got))
	}
	if got != "" && (marked == 0 || marked > written) {
		t.Errorf("written %d, marked %d: %d bytes of text without a crash", written, marked, len(got))
	}
	// It is the end of what was written.
	for i := range len(got) {
		at := (written - uint64(len(got)) + uint64(i)) % ringSize
		if got[i] != slot[header+at] {
			t.Fatalf("written %d, marked %d: byte %d of %d is not that of the ring", written, marked, i, len(got))
		}
	}
}

// FuzzText: no slot does harm, whatever its header says.
func FuzzText(f *testing.F) {
	for _, h := range hostile {
		f.Add(h.written, h.marked, 0, "line\nline\n")
	}
	f.Add(uint64(20), uint64(8), 0, "before\npanic: why\n\nx")
	f.Add(uint64(ringSize+10), uint64(ringSize+1), ringSize-20, "old\nold\nold\n and fatal error: \n")
	f.Fuzz(func(t *testing.T, written, marked uint64, at int, body string) {
		lawful(t, slotOf(written, marked, int(uint(at)%ringSize), body))
	})
}
