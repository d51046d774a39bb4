package mplog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
)

// Row 18: CPython adds a second handler.
func TestLogging_Row18TwiceIsOneLine(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	LogToStderr(slog.LevelError)
	LogToStderr(LevelInfo)
	Info("once")
	if got, want := stderr(), "[INFO/MainProcess] once\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStderrIsTheOneOfTheMoment(t *testing.T) {
	fresh(t)
	LogToStderr(LevelInfo)
	before := os.Stderr
	stderr := captureStderr(t)
	if os.Stderr == before {
		t.Fatal("nothing replaced")
	}
	Info("m")
	if got := stderr(); got != "[INFO/MainProcess] m\n" {
		t.Errorf("got %q", got)
	}
}

type panicker struct{}

func (panicker) MarshalText() ([]byte, error) { panic("ouch") }

type lateValue struct{ v slog.Value }

func (l lateValue) LogValue() slog.Value { return l.v }

// endless is a value that holds itself, as a tree with a link to its parent.
type endless struct{}

func (e endless) LogValue() slog.Value { return slog.GroupValue(slog.Any("g", e)) }

func TestLines(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	var nilError *os.PathError
	tests := []struct {
		msg  string
		args []any
		want string
	}{
		{"plain words", nil, "plain words"},
		{"", nil, ""},
		{"m", []any{"s", "v", "i", -1, "u", uint(2), "f", 1.5, "b", true, "d", time.Second}, `m s=v i=-1 u=2 f=1.5 b=true d=1s`},
		{"m", []any{"t", at}, `m t=2026-01-02T03:04:05.678Z`},
		{"m", []any{"e", errors.New("no such thing"), "n", nil, "x", []int{1}}, `m e="no such thing" n=<nil> x=[1]`},
		{"m", []any{"empty", "", "eq", "a=b", "q", `"`, "sp", "a b", "u", "größe"}, `m empty="" eq="a=b" q="\"" sp="a b" u=größe`},
		{"m", []any{"nl", "a\nb", "bad", "\xff", "esc", "\x1b[31m", "ls", "\u2028"}, `m nl="a\nb" bad="\xff" esc="\x1b[31m" ls="\u2028"`},
		{"a\nb\r\x1b\x7f\u2028\xff\tü", nil, `a\nb\r\x1b\x7f\u2028\xff` + "\tü"},
		{"m", []any{"a key", 1, "k\n", 2, "", 3}, `m "a key"=1 "k\n"=2 ""=3`},
		{"m", []any{slog.Group("g", "a", 1, slog.Group("h", "b", 2), slog.Group("", "c", 3)), "d", 4}, `m g.a=1 g.h.b=2 g.c=3 d=4`},
		{"m", []any{slog.Group("g"), slog.Attr{}, "late", lateValue{slog.IntValue(7)}}, `m late=7`},
		{"m", []any{"odd"}, `m !BADKEY=odd`},
		{"m", []any{"p", panicker{}, "nilerr", error(nilError)}, `m p="!PANIC: ouch" nilerr="!PANIC: runtime error: invalid memory address or nil pointer dereference"`},
		{"m", []any{"bytes", []byte("raw")}, `m bytes=raw`},
	}
	for _, test := range tests {
		var w bytes.Buffer
		newCore(&w).logToStderr(LevelInfo).Info(test.msg, test.args...)
		if got, want := w.String(), "[INFO/P] "+test.want+"\n"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestLineOfEndlessGroupEnds(t *testing.T) {
	var w bytes.Buffer
	newCore(&w).logToStderr(LevelInfo).Info("m", "k", endless{})
	if got := w.String(); !strings.HasPrefix(got, "[INFO/P] m k.g.g.") || strings.Count(got, "\n") != 1 || len(got) > 1000 {
		t.Errorf("got %q", got)
	}
}

func TestLineEscapesProcessName(t *testing.T) {
	var w bytes.Buffer
	h := &lineHandler{out: func() io.Writer { return &w }, process: func() string { return "a\nb" }}
	slog.New(h).Info("m")
	if got := w.String(); got != `[INFO/a\nb] m`+"\n" {
		t.Errorf("got %q", got)
	}
}

func TestLineIsOneWrite(t *testing.T) {
	var w syncBuffer
	l := newCore(&w).logToStderr(LevelInfo)
	l.With("a", strings.Repeat("x", 100_000)).Info(strings.Repeat("y\n", 10_000), "k", 1)
	l.Info("m")
	if w.writes != 2 {
		t.Errorf("%d writes for 2 lines", w.writes)
	}
}

func TestLineSiblingsDoNotShare(t *testing.T) {
	for length := range 64 { // whatever room the slice has behind it
		var w bytes.Buffer
		parent := newCore(&w).logToStderr(LevelInfo).With("a", strings.Repeat("x", length)).With("b", 1)
		one, two := parent.With("o", 1), parent.With("t", 2)
		one.Info("m")
		two.Info("m")
		one.Info("m") // what two added came after this one was derived
		lines := strings.Split(w.String(), "\n")
		for i, want := range []string{"o=1", "t=2", "o=1"} {
			if !strings.HasSuffix(lines[i], " b=1 "+want) {
				t.Errorf("line %d is %q", i, lines[i])
			}
		}
	}
}

func TestLineReportsWriteError(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	h := &lineHandler{out: func() io.Writer { return f }, process: func() string { return "P" }}
	if err := h.Handle(context.Background(), slog.Record{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("err = %v", err)
	}
}

// The rules that slog has for handlers. A line has no time by design: the
// parser adds it, except where the rule is about its absence.
func TestSlogtest(t *testing.T) {
	var w bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		w.Reset()
		return newCore(&w).logToStderr(LevelInfo).Handler()
	}, func(t *testing.T) map[string]any {
		t.Helper()
		m := parseLine(t, w.String())
		if !strings.HasSuffix(t.Name(), "zero-time") {
			m[slog.TimeKey] = "now"
		}
		return m
	})
}

// parseLine understands lines whose messages have no space or equals sign.
func parseLine(t *testing.T, line string) map[string]any {
	t.Helper()
	head, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "] ")
	if !ok {
		t.Fatalf("line %q", line)
	}
	level, _, _ := strings.Cut(head[1:], "/")
	fields := strings.Fields(rest)
	m := map[string]any{slog.LevelKey: level, slog.MessageKey: fields[0]}
	for _, f := range fields[1:] {
		key, value, _ := strings.Cut(f, "=")
		if u, err := strconv.Unquote(value); err == nil {
			value = u
		}
		in := m
		path := strings.Split(key, ".")
		for _, group := range path[:len(path)-1] {
			if in[group] == nil {
				in[group] = map[string]any{}
			}
			in = in[group].(map[string]any)
		}
		in[path[len(path)-1]] = value
	}
	return m
}
