package tempdir

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
)

// A process's directories are PREFIX TOKEN "-" anything, its lock is PREFIX
// TOKEN ".lock". The tokens and the names are short for the sake of sockets.
const (
	prefix   = "multiproc-"
	suffix   = ".lock"
	alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	textLen  = 8 // 40 bits
	attempts = 100
)

// random is not to be guessed: it is ChaCha8, seeded by the system. Tests
// replace it.
var random = rand.Uint64

func randomText() string {
	var b [textLen]byte
	for i, n := 0, random(); i < textLen; i++ {
		b[i] = alphabet[n%32]
		n /= 32
	}
	return string(b[:])
}

// tokenOf returns the token in the name of a lock, or of a directory, and what
// follows it; ok is false for names that are not ours.
func tokenOf(name string) (token, rest string, ok bool) {
	name, ok = strings.CutPrefix(name, prefix)
	if !ok || len(name) <= textLen || strings.Trim(name[:textLen], alphabet) != "" {
		return "", "", false
	}
	return name[:textLen], name[textLen:], true
}

// split cuts a pattern as [os.MkdirTemp] does.
func split(pattern string) (front, back string, err error) {
	for i := range len(pattern) {
		if os.IsPathSeparator(pattern[i]) {
			return "", "", &fs.PathError{Op: "tempdir", Path: pattern, Err: errors.New("pattern contains path separator")}
		}
	}
	if i := strings.LastIndexByte(pattern, '*'); i >= 0 {
		return pattern[:i], pattern[i+1:], nil
	}
	return pattern, "", nil
}
