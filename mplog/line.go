package mplog

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"
)

// lineHandler writes records as lines: [LEVEL/Process] message key=value.
// There is no time and no source in them, as in CPython.
type lineHandler struct {
	out     func() io.Writer // asked anew for each line
	process func() string
	least   slog.Level // what is lower is left to nobody

	prefix string // names of the open groups, each with a dot behind it
	attrs  []byte // attributes of WithAttrs as they are in a line, a space before each
}

const (
	// maxDepth ends the descent into groups, since a LogValuer may make a
	// group that has itself in it. What lies deeper is rendered as text.
	maxDepth = 32

	// keptBuffer is the size up to which a buffer is kept for the next line.
	keptBuffer = 16 << 10
)

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 512)
	return &b
}}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.least
}

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	return h.write(h.process(), r)
}

// write writes the line for a record of the process of that name. It is one
// call, since that is what keeps the lines of several processes apart: a pipe
// takes up to PIPE_BUF bytes as a whole, a file opened for appending any
// number.
func (h *lineHandler) write(process string, r slog.Record) error {
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], '[')
	b = appendLevel(b, r.Level)
	b = append(b, '/')
	b = appendSafe(b, process)
	b = append(b, "] "...)
	b = appendSafe(b, r.Message)
	b = append(b, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, h.prefix, a, 0)
		return true
	})
	b = append(b, '\n')
	_, err := h.out().Write(b)
	if cap(b) <= keptBuffer {
		*buf = b
		buffers.Put(buf)
	}
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *h
	derived.attrs = slices.Clip(h.attrs) // siblings must not share what follows
	for _, a := range attrs {
		derived.attrs = appendAttr(derived.attrs, h.prefix, a, 0)
	}
	return &derived
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.prefix = h.prefix + name + "."
	return &derived
}

func appendAttr(b []byte, prefix string, a slog.Attr, depth int) []byte {
	v := a.Value.Resolve()
	if a.Key == "" && v.Equal(slog.Value{}) {
		return b
	}
	if v.Kind() == slog.KindGroup && depth < maxDepth {
		if a.Key != "" { // without a key its attributes are its parent's
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			b = appendAttr(b, prefix, inner, depth+1)
		}
		return b
	}
	b = append(b, ' ')
	if prefix == "" {
		b = appendQuoted(b, a.Key)
	} else {
		b = appendQuoted(b, prefix+a.Key)
	}
	b = append(b, '=')
	return appendValue(b, v)
}

func appendValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendQuoted(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(b, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		return append(b, v.Duration().String()...)
	case slog.KindTime:
		return v.Time().AppendFormat(b, time.RFC3339Nano)
	case slog.KindGroup: // below maxDepth
		return appendQuoted(b, v.String())
	default:
		return appendQuoted(b, textOf(v.Any()))
	}
}
