package mplog

import (
	"context"
	"log/slog"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"multiproc/internal/seam"
)

// forwarder is the handler of a child whose parent has a handler of its own.
type forwarder struct {
	to     *queue
	scopes []scope // oldest first
}

// A scope is what WithGroup or WithAttrs added: either a group that holds all
// that follows, or attributes.
type scope struct {
	group string // empty for attributes
	attrs []wireAttr
}

// Enabled leaves the choice to the level, which is the parent's, and to the
// parent's handler when the record has arrived.
func (f *forwarder) Enabled(context.Context, slog.Level) bool { return true }

// Handle encodes here and now: what attributes point at may change once the
// logging function has returned.
func (f *forwarder) Handle(_ context.Context, r slog.Record) error {
	w := wireFrom(r, seam.ProcessName())
	for _, s := range slices.Backward(f.scopes) {
		if s.group == "" {
			w.Attrs = slices.Concat(s.attrs, w.Attrs)
		} else { // one that stays empty is dropped by slog on arrival
			w.Attrs = []wireAttr{{Key: s.group, Kind: slog.KindGroup, Group: w.Attrs}}
		}
	}
	b, err := cbor.Marshal(w)
	if err != nil {
		return err
	}
	f.to.put(item{record: b})
	return nil
}

func (f *forwarder) WithAttrs(attrs []slog.Attr) slog.Handler {
	var s scope
	for _, a := range attrs {
		s.attrs = appendWire(s.attrs, a, 0)
	}
	return f.with(s)
}

func (f *forwarder) WithGroup(name string) slog.Handler {
	if name == "" {
		return f
	}
	return f.with(scope{group: name})
}

func (f *forwarder) with(s scope) *forwarder {
	return &forwarder{to: f.to, scopes: append(slices.Clip(f.scopes), s)}
}

// sendWith makes of send what a queue needs to deliver.
func sendWith(send func(record []byte) error) func(item) outcome {
	return func(it item) outcome {
		b := it.record
		if it.dropped > 0 {
			var err error
			if b, err = cbor.Marshal(wireFrom(droppedRecord(it.dropped), seam.ProcessName())); err != nil {
				return lost
			}
		}
		if send(b) != nil {
			return ended
		}
		return delivered
	}
}
