package crash

import (
	"strings"
	"testing"
	"unsafe"
)

// write adds the pieces to an empty slot and returns its text.
func write(pieces []string) string {
	r := new(record)
	for _, p := range pieces {
		r.add(unsafe.Pointer(unsafe.StringData(p)), int32(len(p)))
	}
	return text(unsafe.Slice((*byte)(unsafe.Pointer(r)), slotSize))
}

// kept is what the text of these pieces must be: the crash as far as it fits,
// and up to lead bytes before it, from a whole line on.
func kept(pieces []string) string {
	all, fatal := "", -1
	for _, p := range pieces {
		for _, m := range markers {
			if fatal < 0 && strings.HasPrefix(p, m) {
				fatal = len(all)
			}
		}
		all += p
	}
	if fatal < 0 {
		return ""
	}
	before, crash := all[max(0, fatal-lead):fatal], all[fatal:]
	if fatal > lead {
		before = before[strings.IndexByte(before, '\n')+1:]
	}
	return before + crash[:min(len(crash), ringSize-lead)]
}

func TestTextIsComplete(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(record{}); size != slotSize {
		t.Fatalf("a record has %d bytes, a slot %d", size, slotSize)
	}
	noise := strings.Repeat("gc 1 @0.1s\n", 700)
	room := ringSize - lead - len("panic: ")
	for name, pieces := range map[string][]string{
		"nothing":                   {},
		"empty pieces":              {"", "panic: ", "", "x"},
		"no crash":                  {noise, "x panic: ", "pan", "ic: "},
		"fatal error":               {"fatal error: ", "all is lost", "\n"},
		"signal":                    {"SIG", "QUIT: quit\n"},
		"fault":                     {"unexpected fault address 0x0\n"},
		"two markers":               {"panic: ", "a\n", "fatal error: ", "b\n"},
		"after noise":               {noise, "panic: ", "why", "\n"},
		"after turns of the ring":   {strings.Repeat(noise, 50), "panic: ", "why", "\n"},
		"what just fits":            {"panic: ", strings.Repeat("x", room)},
		"a byte too much":           {"panic: ", strings.Repeat("x", room), "y"},
		"a piece too long":          {noise, "panic: ", strings.Repeat("x", 3*ringSize), "y", "panic: ", "z"},
		"noise that fills the ring": {strings.Repeat("x", ringSize), "panic: ", "why"},
		"lead and no more":          {strings.Repeat("x", lead), "panic: ", "why"},
		"lead and a byte":           {strings.Repeat("x", lead+1), "panic: ", "why"},
	} {
		if got, want := write(pieces), kept(pieces); got != want {
			t.Errorf("%s: %d bytes, want %d:\n%.100q\n%.100q", name, len(got), len(want), got, want)
		}
	}
}

// FuzzAdd: in whatever pieces the runtime writes, the text is what it must be.
// A byte of cuts is the length of a piece, and how often it is written.
func FuzzAdd(f *testing.F) {
	f.Add("a line\npanic: why\ngoroutine 1", []byte{7, 7, 5})
	f.Add("xfatal error: \n", []byte{0xe1, 13, 0xff})
	f.Add("SIGpanic: unexpected fault address", []byte{3, 7, 0xff, 0xf0})
	f.Fuzz(func(t *testing.T, all string, cuts []byte) {
		var pieces []string
		for _, c := range cuts[:min(len(cuts), 50)] {
			n := min(int(c&31), len(all))
			pieces = append(pieces, strings.Repeat(all[:n], 1<<(2*(c>>5)))) // 16,384 times at most
			all = all[n:]
		}
		pieces = append(pieces, all)
		if got, want := write(pieces), kept(pieces); got != want {
			t.Errorf("%d pieces: %d bytes, want %d:\n%.100q\n%.100q", len(pieces), len(got), len(want), got, want)
		}
	})
}
