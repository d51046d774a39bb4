package remote

import (
	"fmt"
	"reflect"
	"unicode/utf8"
)

// textOf is what err.Error returns. A panic in there, such as that of a nil
// pointer, is told instead.
func textOf(err error) (text string) {
	if err == nil {
		return "<nil>"
	}
	defer func() {
		if r := recover(); r != nil {
			if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
				text = fmt.Sprintf("(%T)(nil)", err)
				return
			}
			text = fmt.Sprintf("%T: panic in its Error method: %s", err, panicText(r))
		}
	}()
	return err.Error()
}

// panicText is what the runtime prints for a value that panic was called with,
// except that it has more to say than an address for a struct.
func panicText(value any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprintf("%T: panic while printing it", value)
		}
	}()
	switch v := value.(type) {
	case nil:
		return "nil"
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	}
	switch t := reflect.TypeOf(value); {
	case t.Kind() == reflect.String:
		return fmt.Sprintf("%T(%q)", value, value)
	case t.Kind() > reflect.Complex128:
		return fmt.Sprintf("(%T) %v", value, value)
	case t.PkgPath() != "":
		return fmt.Sprintf("%T(%v)", value, value)
	}
	return fmt.Sprint(value)
}

// cut bounds s to about n bytes, and leaves no half of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := 0; back < utf8.UTFMax && !utf8.RuneStart(s[n]); back++ {
		n--
	}
	return fmt.Sprintf("%s… (%d bytes more)", s[:n], len(s)-n)
}
