package mplog

import (
	"context"
	"log/slog"
	"math"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

var shorts = []struct {
	name  string
	level slog.Level
	log   func(string, ...any)
}{
	{"SubDebug", LevelSubDebug, SubDebug},
	{"Debug", LevelDebug, Debug},
	{"Info", LevelInfo, Info},
	{"SubWarning", LevelSubWarning, SubWarning},
	{"Warning", LevelWarning, Warning},
}

// Row 13: Logging.test_enable_logging.
func TestLogging_Row13EnableLogging(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	logger := LogToStderr(LevelSubWarning)
	if logger == nil || logger != Logger() {
		t.Error("LogToStderr and Logger differ")
	}
	Debug("suppressed")
	Info("suppressed")
	logger.Info("suppressed")
	if got := stderr(); got != "" {
		t.Errorf("below the level came %q", got)
	}
	SetLevel(LevelInfo)
	Debug("suppressed")
	Info("one", "k", 1)
	logger.With("a", 2).Warn("two")
	if got, want := stderr(), "[INFO/MainProcess] one k=1\n[WARNING/MainProcess] two a=2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if Level() != LevelInfo {
		t.Errorf("Level() = %v", Level())
	}
}

// Row 16: Logging.test_filename.
func TestLogging_Row16SourceIsTheCaller(t *testing.T) {
	fresh(t)
	h := newRecorder()
	SetHandler(h)
	SetLevel(LevelSubDebug)
	_, file, line, _ := runtime.Caller(0)
	SubDebug("m")
	Debug("m")
	Info("m")
	SubWarning("m")
	Warning("m")
	Logger().Info("m")
	Logger().With("k", 1).Info("m")
	records := h.take()
	if len(records) != 7 {
		t.Fatalf("%d records, want 7", len(records))
	}
	for i, r := range records {
		if src := r.Source(); src.File != file || src.Line != line+1+i {
			t.Errorf("record %d has source %s:%d, want line %d", i, filepath.Base(src.File), src.Line, line+1+i)
		}
		if r.Time.IsZero() {
			t.Errorf("record %d has no time", i)
		}
	}
}

func TestNothingBeforeLoggingIsTurnedOn(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	SetLevel(LevelSubDebug)
	SetHandler(nil)
	for _, f := range shorts {
		f.log("m", "k", "v")
	}
	if Enabled(slog.LevelError) || Enabled(math.MaxInt) {
		t.Error("Enabled before logging was turned on")
	}
	if std.logger != nil || std.on {
		t.Error("logging turned itself on")
	}
	if got := stderr(); got != "" {
		t.Errorf("came out: %q", got)
	}
}

func TestDisabledCallsDoNotAllocate(t *testing.T) {
	fresh(t)
	calls := func() {
		SubDebug("m")
		Debug("m")
		Info("m")
		_ = Enabled(LevelInfo)
	}
	if n := testing.AllocsPerRun(100, calls); n != 0 {
		t.Errorf("off: %v allocations", n)
	}
	Logger()
	if n := testing.AllocsPerRun(100, calls); n != 0 {
		t.Errorf("below the level: %v allocations", n)
	}
}

func TestShortFunctionsLevels(t *testing.T) {
	fresh(t)
	h := newRecorder()
	SetHandler(h)
	for _, f := range shorts {
		SetLevel(f.level + 1)
		f.log("below")
		if Enabled(f.level) {
			t.Errorf("Enabled(%d) at level %d", f.level, f.level+1)
		}
		SetLevel(f.level)
		f.log("at", EventKey, "shutdown")
		if !Enabled(f.level) {
			t.Errorf("not Enabled(%d) at its own level", f.level)
		}
		records := h.take()
		if len(records) != 1 || records[0].Level != f.level || attr(records[0], EventKey).String() != "shutdown" {
			t.Errorf("%s: got %v", f.name, records)
		}
	}
}

func TestHandlersOwnEnabledIsRespected(t *testing.T) {
	fresh(t)
	h := &recorder{least: slog.LevelError}
	SetHandler(h)
	SetLevel(LevelSubDebug)
	Info("no")
	Logger().Warn("no")
	Logger().Error("yes")
	if Enabled(LevelWarning) || !Enabled(slog.LevelError) {
		t.Error("Enabled does not ask the handler")
	}
	if Logger().Enabled(context.Background(), LevelWarning) {
		t.Error("Logger's Enabled does not ask the handler")
	}
	if got := h.messages(); got != "yes" {
		t.Errorf("got %q", got)
	}
}

func TestLoggerAloneIsTheLastResort(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	if Level() != LevelWarning {
		t.Errorf("the level is %v at first", Level())
	}
	logger := Logger()
	SetLevel(LevelSubDebug)
	Info("no")
	logger.Info("no")
	SubWarning("no")
	if Enabled(LevelSubWarning) || !Enabled(LevelWarning) {
		t.Error("Enabled is not that of the last resort")
	}
	if got := slog.Level(std.gate.Load()); got != LevelWarning {
		t.Errorf("the gate is open from %v: calls for nothing would cost", got)
	}
	Warning("yes")
	SetLevel(slog.LevelError)
	Warning("no")
	if got, want := stderr(), "[WARNING/MainProcess] yes\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSetHandlerAndBack(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	h := newRecorder()
	logger := LogToStderr(LevelInfo).With("k", 1).WithGroup("g")
	logger.Info("1", "k", 2)
	SetHandler(h)
	logger.Info("2")
	Info("3")
	SetHandler(nil)
	logger.Info("4", "k", 3)
	if got := h.messages(); got != "2 3" {
		t.Errorf("handler got %q", got)
	}
	if got, want := stderr(), "[INFO/MainProcess] 1 k=1 g.k=2\n[INFO/MainProcess] 4 k=1 g.k=3\n"; got != want {
		t.Errorf("stderr got %q, want %q", got, want)
	}
	SetHandler(h)
	LogToStderr(LevelInfo)
	Info("5")
	if got := h.messages(); got != "" {
		t.Errorf("after LogToStderr the handler got %q", got)
	}
	if got, want := stderr(), "[INFO/MainProcess] 5\n"; got != want {
		t.Errorf("stderr got %q, want %q", got, want)
	}
}

func TestSetHandlerRefusesItsOwn(t *testing.T) {
	fresh(t)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	SetHandler(Logger().With("k", 1).Handler())
}

func TestFirstUseFromManyGoroutines(t *testing.T) {
	for range 20 {
		t.Run("", func(t *testing.T) {
			fresh(t)
			h := newRecorder()
			var wg sync.WaitGroup
			loggers := make([]*slog.Logger, 8)
			for i := range loggers {
				wg.Go(func() {
					if i%2 == 0 {
						SetHandler(h)
					}
					Info("m")
					SetLevel(LevelInfo)
					loggers[i] = Logger()
					_ = Enabled(LevelInfo)
					derived := loggers[i].With("i", i)
					SetHandler(h)
					derived.Info("last")
				})
			}
			wg.Wait()
			lasts := 0
			for _, r := range h.take() {
				if r.Message == "last" {
					lasts++
				}
			}
			if lasts != len(loggers) {
				t.Errorf("%d of %d records", lasts, len(loggers))
			}
			for _, l := range loggers {
				if l != loggers[0] {
					t.Fatal("two loggers")
				}
			}
		})
	}
}
