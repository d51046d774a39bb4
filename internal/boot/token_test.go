package boot

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestTokenIsParsed(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]struct {
		fd int
		id uint64
	}{
		"3:0":                  {3, 0},
		"4:1f":                 {4, 31},
		"1000000:ABCdef":       {1000000, 0xabcdef},
		"3:ffffffffffffffff":   {3, math.MaxUint64},
		"3:000000000000000001": {3, 1},
	} {
		if fd, id, ok := parse(token); !ok || fd != want.fd || id != want.id {
			t.Errorf("parse(%q) = %d, %x, %v, want %d, %x", token, fd, id, ok, want.fd, want.id)
		}
	}
}

// malformed are values that no parent ever gave a child.
var malformed = []string{
	"", ":", "3", "3:", ":1f", "x:1f", "3:x", "3:-1", "3:+1", "3:0x1f", "3:1_f", "3:1f:", "3:1f:1f", "3;1f",
	" 3:1f", "3 :1f", "3: 1f", "3:1f ", "3:1f\n", "3:1f\x00", "٣:1f", "3.0:1f", "3e0:1f", "0x3:1f",
	"-1:1f", "0:1f", "1:1f", "2:1f", "-3:1f", // nobody's socket
	"3:10000000000000000",           // 65 bits
	"9223372036854775808:1f",        // more than an int
	"-9223372036854775809:1f",       // less than one
	strings.Repeat("9", 1000) + ":", // and much more
	"3:" + strings.Repeat("f", 1<<16),
}

func TestMalformedTokenIsRefused(t *testing.T) {
	t.Parallel()
	for _, token := range malformed {
		if fd, id, ok := parse(token); ok {
			t.Errorf("parse(%q) = %d, %x", token, fd, id)
		}
	}
}

// FuzzToken: no text does harm, and what parses is what Token would write.
func FuzzToken(f *testing.F) {
	f.Add("3:1f")
	f.Add("12:ffffffffffffffff")
	for _, token := range malformed {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		fd, id, ok := parse(token)
		if !ok {
			return
		}
		if fd <= 2 {
			t.Fatalf("parse(%q): descriptor %d", token, fd)
		}
		if fd2, id2, ok := parse(fmt.Sprintf("%d:%x", fd, id)); !ok || fd2 != fd || id2 != id {
			t.Fatalf("parse(%q) = %d, %x; written again: %d, %x, %v", token, fd, id, fd2, id2, ok)
		}
	})
}
