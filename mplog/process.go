package mplog

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"multiproc/internal/seam"
)

func init() {
	std.init(&lineHandler{
		out:     func() io.Writer { return os.Stderr },
		process: seam.ProcessName,
		least:   math.MinInt,
	})
	seam.LogSnapshot = std.snapshot
	seam.LogAdopt = std.adopt
	seam.LogEmit = std.receive
	seam.LogClose = std.close
}

func (c *core) snapshot() seam.LogState {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, forwards := c.base.(*forwarder)
	return seam.LogState{
		On:     c.on,
		Level:  c.level,
		Stderr: c.custom == nil && c.base == slog.Handler(c.stderr),
		Custom: c.custom != nil || forwards,
	}
}

// adopt also takes away a handler that package initialisation has set: it has
// set the same one in the parent, and that is where records shall come out. A
// parent that does not log leaves the child's own settings alone.
func (c *core) adopt(s seam.LogState, send func(record []byte) error) {
	if !s.On {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on, c.level, c.custom = true, s.Level, nil
	switch {
	case s.Custom && send != nil:
		c.outbox.attach(sendWith(send))
		c.base = &forwarder{to: &c.outbox}
	case s.Stderr:
		c.base = c.stderr
	default:
		c.base = c.lastResort
	}
	c.rerouteLocked()
}

// receive copies the record: its buffer is the caller's.
func (c *core) receive(record []byte, process string) {
	c.inbox.put(item{record: bytes.Clone(record), process: process})
}

// emit makes a record of a child come out here. The level that counts is the
// one which the child has been given, so that only the handler is asked. A
// panic of the handler costs that record: whoever made it is not on this
// stack, and the program has done nothing wrong by having a child that logs.
func (c *core) emit(it item) (result outcome) {
	to := c.route.Load()
	if to == nil {
		return delivered // nobody has turned logging on here
	}
	defer func() {
		if recover() != nil {
			result = lost
		}
	}()
	if it.dropped > 0 {
		if r := droppedRecord(it.dropped); to.handler.Enabled(background, r.Level) {
			_ = to.handler.Handle(background, r)
		}
		return delivered
	}
	if f, ok := to.handler.(*forwarder); ok { // a grandchild's: on its way up
		f.to.put(it)
		return delivered
	}
	r, err := unwire(it.record)
	if err != nil {
		return lost
	}
	if r.process == "" {
		r.process = it.process
	}
	r.handleBy(to.handler)
	return delivered
}

// handleBy leaves the source out of a line, where no record has one.
func (r remoteRecord) handleBy(h slog.Handler) {
	if !h.Enabled(background, r.Level) {
		return
	}
	if lines, ok := h.(*lineHandler); ok {
		_ = lines.write(r.process, r.Record)
		return
	}
	r.AddAttrs(slog.String(ProcessKey, r.process))
	if r.source != nil {
		r.AddAttrs(slog.Any(slog.SourceKey, r.source))
	}
	_ = h.Handle(background, r.Record)
}

func (c *core) close(limit time.Duration) {
	ctx, cancel := context.WithTimeout(background, limit)
	defer cancel()
	c.inbox.flush(ctx) // first: it may fill the other
	c.outbox.flush(ctx)
}

// droppedRecord says that n records are missing before it.
func droppedRecord(n int) slog.Record {
	r := slog.NewRecord(time.Now(), LevelWarning, "log records dropped", 0)
	r.AddAttrs(slog.String(EventKey, "log-dropped"), slog.Int("count", n))
	return r
}
