package mplog

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"multiproc/internal/seam"
)

// discard is slog's own logger with all records below its level.
var discard = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))

// Each measures slog's disabled call too, in turns with ours so that both meet
// the same machine, and reports ours divided by it.

func BenchmarkDisabled(b *testing.B) {
	against(b, func(n int) {
		for range n {
			Debug("message")
		}
	}, func(n int) {
		for range n {
			discard.Debug("message")
		}
	})
}

func BenchmarkDisabledArgs(b *testing.B) {
	against(b, func(n int) {
		for i := range n {
			Debug("message", "number", i+1000, "word", "text")
		}
	}, func(n int) {
		for i := range n {
			discard.Debug("message", "number", i+1000, "word", "text")
		}
	})
}

func BenchmarkDisabledArgsEnabled(b *testing.B) {
	against(b, func(n int) {
		for i := range n {
			if Enabled(LevelDebug) {
				Debug("message", "number", i+1000, "word", "text")
			}
		}
	}, func(n int) {
		for i := range n {
			if discard.Enabled(context.Background(), slog.LevelDebug) {
				discard.Debug("message", "number", i+1000, "word", "text")
			}
		}
	})
}

func against(b *testing.B, ours, theirs func(n int)) {
	b.Helper()
	b.ReportAllocs()
	var spent, slogs time.Duration
	for left := b.N; left > 0; {
		n := min(left, 100_000)
		left -= n
		begin := time.Now()
		ours(n)
		middle := time.Now()
		spent += middle.Sub(begin)
		b.StopTimer()
		theirs(n)
		slogs += time.Since(middle)
		b.StartTimer()
	}
	b.ReportMetric(float64(slogs.Nanoseconds())/float64(b.N), "slog-ns/op")
	b.ReportMetric(float64(spent)/float64(max(slogs, 1)), "ours/slog")
}

// To a stderr that is the null device, against slog's text handler there.
func BenchmarkLine(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	mine := newCore(null)
	mine.logToStderr(LevelInfo)
	text := slog.New(slog.NewTextHandler(null, nil))
	against(b, func(n int) {
		for i := range n {
			mine.log(LevelInfo, "message", []any{"number", i})
		}
	}, func(n int) {
		for i := range n {
			text.Info("message", "number", i)
		}
	})
}

func BenchmarkForward(b *testing.B) {
	c := newCore(nil)
	c.adopt(seam.LogState{On: true, Custom: true}, func([]byte) error { return nil })
	b.ReportAllocs()
	for b.Loop() {
		c.log(LevelInfo, "message", []any{"number", 1, EventKey, "child-run"})
	}
	c.close(time.Minute)
}

func BenchmarkUnwire(b *testing.B) {
	r := slog.NewRecord(time.Now(), LevelInfo, "message", anchor())
	r.Add("number", 1, EventKey, "child-run")
	record := encode(b, wireFrom(r, "Process-1"))
	b.ReportMetric(float64(len(record)), "bytes")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := unwire(record); err != nil {
			b.Fatal(err)
		}
	}
}
