package mplog

import (
	"encoding"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// textOf is how a value looks that has no kind of its own in slog. A value
// that panics when asked must not take the program down that only logs it.
func textOf(v any) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("!PANIC: %v", p)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case encoding.TextMarshaler:
		if b, err := v.MarshalText(); err == nil {
			return string(b)
		}
	case []byte:
		return string(v)
	}
	return fmt.Sprintf("%+v", v)
}

// appendQuoted appends s as it is when it reads as one word, quoted as in Go
// otherwise.
func appendQuoted(b []byte, s string) []byte {
	if isWord(s) {
		return append(b, s...)
	}
	return strconv.AppendQuote(b, s)
}

func isWord(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c <= ' ' || c == '"' || c == '=' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return false
		}
		i += size
	}
	return s != ""
}

// appendSafe appends s without quotes, for people to read, but escapes what
// would end the line, move a terminal's cursor or is no text.
func appendSafe(b []byte, s string) []byte {
	clean := 0 // s[clean:i] can be copied as it is
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[clean:i]...)
			b = fmt.Appendf(b, `\x%02x`, s[i])
			clean = i + size
		case r != '\t' && unicode.IsControl(r), r == '\u2028', r == '\u2029':
			b = append(b, s[clean:i]...)
			q := strconv.QuoteRuneToASCII(r)
			b = append(b, q[1:len(q)-1]...)
			clean = i + size
		}
		i += size
	}
	return append(b, s[clean:]...)
}
