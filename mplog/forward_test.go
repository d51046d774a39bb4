package mplog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"multiproc/internal/seam"
)

// pair is a parent with handler h and a child that sends to it, in one process.
func pair(t *testing.T, h slog.Handler) (parent, child *core) {
	t.Helper()
	parent, child = newCore(nil), newCore(nil)
	parent.setHandler(h)
	parent.setLevel(LevelDebug)
	child.adopt(parent.snapshot(), func(record []byte) error {
		parent.receive(record, "Sender")
		clear(record)
		return nil
	})
	return parent, child
}

// settle waits until what the child logged has come out.
func settle(parent, child *core) {
	child.close(time.Minute)
	parent.close(time.Minute)
}

func TestSnapshotAndAdopt(t *testing.T) {
	send := func([]byte) error { return nil }
	tests := []struct {
		name string
		do   func(c *core)
		want seam.LogState
	}{
		{"new", func(*core) {}, seam.LogState{Level: LevelWarning}},
		{"logger", func(c *core) { c.turnOn() }, seam.LogState{On: true, Level: LevelWarning}},
		{"stderr", func(c *core) { c.logToStderr(1) }, seam.LogState{On: true, Level: 1, Stderr: true}},
		{"custom", func(c *core) { c.logToStderr(1); c.setHandler(newRecorder()) }, seam.LogState{On: true, Level: 1, Custom: true}},
		{"back", func(c *core) { c.setHandler(newRecorder()); c.setHandler(nil) }, seam.LogState{On: true, Level: LevelWarning}},
	}
	for _, test := range tests {
		parent, child := newCore(nil), newCore(nil)
		test.do(parent)
		if got := parent.snapshot(); got != test.want {
			t.Errorf("%s: snapshot %+v, want %+v", test.name, got, test.want)
		}
		child.adopt(parent.snapshot(), send)
		if got := child.snapshot(); got != test.want {
			t.Errorf("%s: child's snapshot %+v, want %+v", test.name, got, test.want)
		}
	}
}

// What package initialisation has set up gives way, loggers included.
func TestAdoptReplacesHandlerButLoggersFollow(t *testing.T) {
	child, own, h := newCore(nil), newRecorder(), newRecorder()
	child.setHandler(own)
	logger := child.turnOn().With("k", 1)
	parent := newCore(nil)
	parent.setHandler(h)
	child.adopt(parent.snapshot(), func(record []byte) error {
		parent.receive(record, "P")
		return nil
	})
	logger.Warn("m")
	settle(parent, child)
	if got := own.messages(); got != "" {
		t.Errorf("own handler got %q", got)
	}
	records := h.take()
	if len(records) != 1 || attr(records[0], "k").Int64() != 1 {
		t.Errorf("parent's handler got %v", records)
	}
}

func TestAttributesTravel(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, h)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	log := child.turnOn().With("with", uint64(math.MaxUint64)).WithGroup("g")
	before := time.Now()
	log.Info("bad \xff text",
		"s", "a\x00\xfe", "i", int64(math.MinInt64), "u", uint64(1<<63), "f", math.Inf(-1), "z", math.Copysign(0, -1),
		"t", true, "no", false, "d", -time.Hour, "at", at, slog.Group("in", "n", 1, slog.Group("deep", "x", "y")),
		"e", errors.New("broken"), "any", struct{ A int }{3}, "nil", nil, "late", lateValue{slog.IntValue(7)}, slog.Attr{})
	settle(parent, child)
	records := h.take()
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	r := records[0]
	if r.Message != "bad \xff text" || r.Level != LevelInfo {
		t.Errorf("got %v %q", r.Level, r.Message)
	}
	if r.Time.Before(before.Round(0)) || r.Time.After(time.Now()) {
		t.Errorf("time %v, logged at %v", r.Time, before)
	}
	if v := attr(r, "with"); v.Uint64() != math.MaxUint64 {
		t.Errorf("with = %v", v)
	}
	want := slog.GroupValue(
		slog.String("s", "a\x00\xfe"), slog.Int64("i", math.MinInt64), slog.Uint64("u", 1<<63), slog.Float64("f", math.Inf(-1)),
		slog.Float64("z", 0), slog.Bool("t", true), slog.Bool("no", false), slog.Duration("d", -time.Hour), slog.Time("at", at),
		slog.Group("in", slog.Int("n", 1), slog.Group("deep", slog.String("x", "y"))),
		slog.String("e", "broken"), slog.String("any", "{A:3}"), slog.String("nil", "<nil>"), slog.Int("late", 7))
	got := attr(r, "g")
	if !got.Equal(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for _, a := range got.Group() {
		if a.Key == "z" && !math.Signbit(a.Value.Float64()) {
			t.Error("-0 lost its sign")
		}
		if a.Key == "at" && a.Value.Time().Format(time.RFC3339Nano) != at.Format(time.RFC3339Nano) {
			t.Errorf("at = %v", a.Value)
		}
	}
}

func TestEndlessGroupTravels(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, h)
	child.turnOn().Info("m", "k", endless{})
	settle(parent, child)
	records := h.take()
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	depth := 0
	for v := attr(records[0], "k"); v.Kind() == slog.KindGroup; v = v.Group()[0].Value {
		depth++
	}
	if depth != maxDepth {
		t.Errorf("%d groups in each other", depth)
	}
}

// The rules for handlers hold over the whole way to a handler of slog's own.
func TestSlogtestForwarded(t *testing.T) {
	var w bytes.Buffer
	var parent, child *core
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		t.Helper()
		w.Reset()
		parent, child = pair(t, slog.NewTextHandler(&w, &slog.HandlerOptions{Level: LevelSubDebug}))
		return child.turnOn().Handler()
	}, func(t *testing.T) map[string]any {
		t.Helper()
		settle(parent, child)
		return parseLine(t, "[x/x] x "+w.String())
	})
}

func TestProcessAndSourceArrive(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, h)
	seam.SetProcessName("Process-1")
	defer seam.SetProcessName("MainProcess")
	child.turnOn().Warn("m")
	settle(parent, child)
	r := h.take()[0]
	if got := attr(r, ProcessKey).String(); got != "Process-1" {
		t.Errorf("process = %q", got)
	}
	if src := r.Source(); src == nil || src.Function != "multiproc/mplog.TestProcessAndSourceArrive" {
		t.Errorf("source = %+v", src)
	}
	if v := attr(r, slog.SourceKey); v.Any() != nil {
		t.Errorf("the source is there twice: %v", v)
	}
}

// A sender that is another binary has other code at that distance.
func TestSourceOfForeignCodeIsAnAttribute(t *testing.T) {
	for _, distance := range []int64{0, 1, -1, 1 << 40, math.MinInt64, -int64(anchor())} {
		s := wireSource{"pkg.f", "/src/f.go", 12, distance}
		pc, src := s.locate()
		if pc != 0 || src == nil || *src != (slog.Source{Function: "pkg.f", File: "/src/f.go", Line: 12}) {
			t.Errorf("distance %d: pc %#x, source %+v", distance, pc, src)
		}
	}
	b := encode(t, wireRecord{Message: "m", Source: &wireSource{"pkg.f", "/src/f.go", 12, 5}})
	h, w := newRecorder(), &syncBuffer{}
	c := newCore(w)
	c.setHandler(h)
	c.receive(b, "Process-1")
	c.close(time.Minute)
	r := h.take()[0]
	if src, ok := attr(r, slog.SourceKey).Any().(*slog.Source); !ok || src.Line != 12 || r.PC != 0 {
		t.Errorf("source %v, pc %#x", attr(r, slog.SourceKey), r.PC)
	}
	if got := attr(r, ProcessKey).String(); got != "Process-1" { // the record has no name of its own
		t.Errorf("process = %q", got)
	}
	c.logToStderr(LevelInfo)
	c.receive(b, "Process-1")
	c.close(time.Minute)
	if got := w.take(); got != "[INFO/Process-1] m\n" {
		t.Errorf("line %q", got)
	}
}

// The level was applied by the child; here only the handler is asked.
func TestReceivedRecordsPassTheLevelNotTheHandler(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, h)
	parent.setLevel(slog.LevelError)
	child.turnOn().Info("1")
	settle(parent, child)
	h.least = LevelWarning
	child.turnOn().Info("2")
	child.turnOn().Warn("3")
	settle(parent, child)
	if got := h.messages(); got != "1 3" {
		t.Errorf("got %q", got)
	}
}

func TestReceivedMalformedIsCounted(t *testing.T) {
	h := newRecorder()
	c := newCore(nil)
	c.receive([]byte("nobody listens"), "P")
	c.close(time.Minute)
	c.setHandler(h)
	for _, b := range [][]byte{nil, {}, []byte("junk"), encode(t, wireRecord{Time: []byte("x")}), encode(t, wireRecord{Attrs: []wireAttr{{Kind: 99}}})} {
		c.receive(b, "P")
		c.close(time.Minute)
		records := h.take()
		if len(records) != 1 || attr(records[0], EventKey).String() != "log-dropped" || attr(records[0], "count").Int64() != 1 {
			t.Errorf("%q: got %v", b, records)
		}
	}
}

// fragile panics on the messages that ask for it.
type fragile struct{ *recorder }

func (h fragile) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "panic" {
		panic("handler")
	}
	return h.recorder.Handle(ctx, r)
}

func TestReceivePanickingHandlerIsContainedAndCounted(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, fragile{h})
	for _, m := range []string{"a", "panic", "b"} {
		child.turnOn().Warn(m)
		settle(parent, child)
	}
	if got, want := h.messages(), "a log records dropped b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestForwardedGroupsAndSiblings(t *testing.T) {
	h := newRecorder()
	parent, child := pair(t, h)
	log := child.turnOn()
	log.WithGroup("empty").WithGroup("too").Info("m")
	for range 5 { // whatever room the slice has
		log = log.With("a", 1)
	}
	one, two := log.With("one", 1), log.With("two", 2)
	one.Info("m")
	two.Info("m")
	one.Info("m") // what two added came after this one was derived
	settle(parent, child)
	records := h.take()
	if len(records) != 4 {
		t.Fatalf("%d records", len(records))
	}
	if got := records[0].NumAttrs(); got != 1 {
		t.Errorf("%d attributes, want the process alone", got)
	}
	for _, i := range []int{1, 3} {
		if attr(records[i], "one").Any() != int64(1) || attr(records[i], "two").Any() != nil {
			t.Errorf("first sibling: %v", records[i])
		}
	}
	if attr(records[2], "two").Any() != int64(2) || attr(records[2], "one").Any() != nil {
		t.Errorf("second sibling: %v", records[2])
	}
}

func TestChildNeverBlocksAndSaysWhatItDropped(t *testing.T) {
	h := newRecorder()
	parent := newCore(nil)
	parent.setHandler(h)
	child := newCore(nil)
	var parentIsSlow sync.Mutex
	parentIsSlow.Lock()
	child.adopt(parent.snapshot(), func(record []byte) error {
		parentIsSlow.Lock()
		defer parentIsSlow.Unlock()
		parent.receive(record, "P")
		parent.close(time.Minute) // or its own buffer would be the next to be full
		return nil
	})
	log := child.turnOn()
	for range maxRecords + 7 {
		log.Warn("m") // would never return if it waited
	}
	parentIsSlow.Unlock()
	settle(parent, child)
	records := h.take()
	if len(records) != maxRecords+1 {
		t.Fatalf("%d records", len(records))
	}
	last := records[maxRecords]
	if attr(last, EventKey).String() != "log-dropped" || attr(last, "count").Int64() != 7 || attr(last, ProcessKey).String() != "MainProcess" {
		t.Errorf("last record %v", last)
	}
}

func TestReceiveNeverBlocksOnASlowHandler(t *testing.T) {
	h := slowHandler{newRecorder(), make(chan struct{})}
	c := newCore(nil)
	c.setHandler(h)
	b := encode(t, wireRecord{Message: "m", Level: int64(LevelWarning)})
	for range maxRecords + 3 {
		c.receive(b, "P")
	}
	close(h.release)
	c.close(time.Minute)
	records := h.take()
	if len(records) != maxRecords+1 || attr(records[maxRecords], "count").Int64() != 3 {
		t.Errorf("%d records, the last %v", len(records), records[len(records)-1])
	}
}

type slowHandler struct {
	*recorder
	release chan struct{}
}

func (h slowHandler) Handle(ctx context.Context, r slog.Record) error {
	<-h.release
	return h.recorder.Handle(ctx, r)
}

func TestSendErrorEndsSending(t *testing.T) {
	c, sent := newCore(nil), 0
	c.adopt(seam.LogState{On: true, Custom: true}, func([]byte) error {
		sent++
		return errors.New("gone")
	})
	for range 3 {
		c.turnOn().Info("m")
		c.close(time.Minute)
	}
	if sent != 1 {
		t.Errorf("sent %d times", sent)
	}
}

func TestCloseIsBoundedAndLoggingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays
		h := slowHandler{newRecorder(), make(chan struct{})}
		parent := newCore(nil)
		parent.setHandler(h)
		middle := newCore(nil)
		middle.adopt(parent.snapshot(), func([]byte) error {
			<-h.release
			return nil
		})
		b := encode(t, wireRecord{Message: "m"})
		for _, c := range []*core{parent, middle} {
			c.receive(b, "P")
			c.receive(b, "P")
			begin := time.Now()
			c.close(time.Second)
			if d := time.Since(begin); d != time.Second {
				t.Errorf("close took %v", d)
			}
		}
		close(h.release)
		settle(parent, middle)
		h.take()
		parent.receive(b, "P")
		parent.close(time.Second)
		var got []string
		for _, r := range h.take() {
			got = append(got, fmt.Sprint(r.Message, attr(r, "count")))
		}
		if want := "[log records dropped1 m<nil>]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestCloseWithNothingToDoReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		newCore(nil).close(time.Hour)
		if time.Since(begin) != 0 {
			t.Error("close waited")
		}
	})
}
