package mplog

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"multiproc/internal/leak"
	"multiproc/internal/seam"
)

// The test binary plays the children too: roleVar names what it is to do.
const (
	roleVar  = "MPLOG_TEST_ROLE"
	nameVar  = "MPLOG_TEST_NAME"
	stateVar = "MPLOG_TEST_STATE"
)

var roles = map[string]func(){
	"level": func() { fmt.Print(Level()) },
	"info":  func() { Info("child process calling run", EventKey, "child-run") },
	"chain": chain,
	"burst": burst,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		leak.Main(m)
	}
	seam.SetProcessName(os.Getenv(nameVar))
	var s seam.LogState
	if err := json.Unmarshal([]byte(os.Getenv(stateVar)), &s); err != nil {
		panic(err)
	}
	records := gob.NewEncoder(os.Stdout)
	seam.LogAdopt(s, func(record []byte) error { return records.Encode(record) })
	roles[role]()
	seam.LogClose(10 * time.Second)
	os.Exit(0)
}

// child is a process that logs as this one does now.
func child(role, name string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	state, err := json.Marshal(seam.LogSnapshot())
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0", roleVar+"="+role, nameVar+"="+name, stateVar+"="+string(state))
	cmd.Stderr = os.Stderr
	return cmd
}

// emitAll gives this process's log the records that a child wrote.
func emitAll(output []byte, name string) error {
	records := gob.NewDecoder(bytes.NewReader(output))
	for {
		var record []byte
		if err := records.Decode(&record); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		seam.LogEmit(record, name)
		clear(record) // it is ours again
	}
}

// fresh makes logging as new for t, and again when t is over.
func fresh(t *testing.T) {
	t.Helper()
	reset(t)
	t.Cleanup(func() { reset(t) })
}

func reset(t *testing.T) {
	t.Helper()
	std.close(time.Minute)
	std.mu.Lock()
	defer std.mu.Unlock()
	std.gate.Store(off)
	std.route.Store(nil)
	std.on, std.level, std.base = false, LevelWarning, std.lastResort
	std.custom, std.logger = nil, nil
	std.outbox.attach(nil)
	seam.SetProcessName("MainProcess")
}

// newCore is a core whose lines go to w.
func newCore(w io.Writer) *core {
	c := new(core)
	c.init(&lineHandler{
		out:     func() io.Writer { return w },
		process: func() string { return "P" },
		least:   -1 << 31,
	})
	return c
}

// captureStderr replaces os.Stderr; the function returns what came since.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = f
	t.Cleanup(func() {
		os.Stderr = old
		f.Close()
	})
	read := 0
	return func() string {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { read = len(b) }()
		return string(b[read:])
	}
}

// recorder is a handler that keeps the records. It has no use for WithAttrs and
// WithGroup: a child has put theirs into the record.
type recorder struct {
	least slog.Level

	mu      sync.Mutex
	records []slog.Record
}

func newRecorder() *recorder { return &recorder{least: -1 << 31} }

func (h *recorder) Enabled(_ context.Context, l slog.Level) bool { return l >= h.least }

func (h *recorder) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.records = append(h.records, r.Clone())
	return nil
}

func (h *recorder) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *recorder) WithGroup(string) slog.Handler      { return h }

func (h *recorder) take() []slog.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.records = nil }()
	return h.records
}

func (h *recorder) messages() string {
	var m []string
	for _, r := range h.take() {
		m = append(m, r.Message)
	}
	return strings.Join(m, " ")
}

// attr is the value under key, which is the zero Value if there is none.
func attr(r slog.Record, key string) (v slog.Value) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			v = a.Value
		}
		return a.Key != key
	})
	return v
}

// syncBuffer is a bytes.Buffer that goroutines share, counting the writes.
type syncBuffer struct {
	mu     sync.Mutex
	b      bytes.Buffer
	writes int
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.b.Write(p)
}

func (s *syncBuffer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

// wait fails t if ch isn't closed; the time is a net, nothing depends on it.
func wait(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s did not happen", what)
	}
}
