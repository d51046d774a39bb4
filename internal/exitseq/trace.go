package exitseq

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"time"
)

// A Trace collects how long each step of an exit took. The nil Trace collects
// nothing.
type Trace struct {
	name   string
	mu     sync.Mutex
	events []event
}

// event is a complete event of the Trace Event Format, which chrome://tracing
// and Perfetto open; times are in microseconds.
type event struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Start int64          `json:"ts"`
	Dur   int64          `json:"dur"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Args  map[string]any `json:"args,omitempty"`
}

// NewTrace returns a Trace for the process of that name.
func NewTrace(name string) *Trace { return &Trace{name: name} }

// add notes a step. Rows keep apart what ran at once.
func (t *Trace) add(name string, row int, start, end time.Time) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, event{
		Name: name, Phase: "X", Start: start.UnixMicro(), Dur: max(1, end.Sub(start).Microseconds()),
		PID: os.Getpid(), TID: row,
	})
}

// WriteFile writes the trace as JSON.
func (t *Trace) WriteFile(path string) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	events := append([]event{{
		Name: "process_name", Phase: "M", PID: os.Getpid(), Args: map[string]any{"name": t.name},
	}}, t.events...)
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.Start, b.Start) })
	data, err := json.Marshal(map[string]any{"traceEvents": events, "displayTimeUnit": "ms"})
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o666)
}
