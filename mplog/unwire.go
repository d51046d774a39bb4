package mplog

import (
	"fmt"
	"log/slog"
	"math"
	"time"
)

// A remoteRecord is a record that another process made.
type remoteRecord struct {
	slog.Record

	process string
	source  *slog.Source // nil if Record.PC tells it, or it isn't known
}

func unwire(b []byte) (remoteRecord, error) {
	var w wireRecord
	if err := decoding().Unmarshal(b, &w); err != nil {
		return remoteRecord{}, fmt.Errorf("mplog: record: %w", err)
	}
	var at time.Time
	if len(w.Time) > 0 {
		if err := at.UnmarshalBinary(w.Time); err != nil {
			return remoteRecord{}, fmt.Errorf("mplog: record's time: %w", err)
		}
	}
	attrs, err := attrsFrom(w.Attrs)
	if err != nil {
		return remoteRecord{}, err
	}
	r := remoteRecord{process: w.Process}
	r.Record = slog.NewRecord(at, slog.Level(w.Level), w.Message, 0)
	r.AddAttrs(attrs...)
	if w.Source != nil {
		r.PC, r.source = w.Source.locate()
	}
	return r, nil
}

// locate prefers the PC, which each handler treats as the program asked it to.
// It must lead to the same words, or the sender was another binary (or had the
// code from a plugin).
func (s *wireSource) locate() (pc uintptr, source *slog.Source) {
	said := slog.Source{Function: s.Function, File: s.File, Line: s.Line}
	pc = anchor() + uintptr(s.Distance)
	if found := (slog.Record{PC: pc}).Source(); found != nil && *found == said {
		return pc, nil
	}
	return 0, &said
}

func attrsFrom(wire []wireAttr) ([]slog.Attr, error) {
	attrs := make([]slog.Attr, len(wire))
	for i, w := range wire {
		v, err := w.value()
		if err != nil {
			return nil, err
		}
		attrs[i] = slog.Attr{Key: w.Key, Value: v}
	}
	return attrs, nil
}

func (w wireAttr) value() (slog.Value, error) {
	switch w.Kind {
	case slog.KindString:
		return slog.StringValue(w.Text), nil
	case slog.KindInt64:
		return slog.Int64Value(int64(w.Bits)), nil
	case slog.KindUint64:
		return slog.Uint64Value(w.Bits), nil
	case slog.KindFloat64:
		return slog.Float64Value(math.Float64frombits(w.Bits)), nil
	case slog.KindBool:
		return slog.BoolValue(w.Bits != 0), nil
	case slog.KindDuration:
		return slog.DurationValue(time.Duration(w.Bits)), nil
	case slog.KindTime:
		var t time.Time
		if err := t.UnmarshalBinary([]byte(w.Text)); err != nil {
			return slog.Value{}, fmt.Errorf("mplog: attribute %q: %w", w.Key, err)
		}
		return slog.TimeValue(t), nil
	case slog.KindGroup:
		attrs, err := attrsFrom(w.Group)
		if err != nil {
			return slog.Value{}, err
		}
		return slog.GroupValue(attrs...), nil
	default:
		return slog.Value{}, fmt.Errorf("mplog: attribute %q: kind %d does not travel", w.Key, w.Kind)
	}
}
