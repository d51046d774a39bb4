package multiproc_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"multiproc/mplog"
)

func logThree(ctx context.Context) error {
	_, err := logSpeak.Call(ctx, 1)
	mplog.Debug("log-speak", "n", 2)
	return err
}

var (
	logAtDebug = logProgram("log-at-debug", func() { mplog.LogToStderr(mplog.LevelDebug) }, logThree)
	logAtWarn  = logProgram("log-at-warn", func() { mplog.LogToStderr(mplog.LevelWarning) }, logThree)
	logAtError = logProgram("log-at-error", func() { mplog.LogToStderr(slog.LevelError) }, logThree)
	logOff     = logProgram("log-off", func() {}, func(ctx context.Context) error {
		_, err := logMany.Call(ctx, 1)
		mplog.Warning("log-off")
		return err
	})
	logHandler = logProgram("log-handler", func() {
		mplog.SetLevel(mplog.LevelDebug)
		mplog.SetHandler(logJSON(os.Stderr, mplog.LevelDebug))
	}, logThree)
)

// TESTS 14, 15, 17: the flag and the level travel to child and grandchild, and
// lines bear the name of the process.
func TestLogLevelTravels(t *testing.T) {
	t.Parallel()
	warning := func(name, n string) string {
		return `[WARNING/` + name + `] log-speak with="größer \xff" group.n=` + n + ` group.list="[1 2]"`
	}
	for program, want := range map[string][]string{
		logAtDebug: {
			"[DEBUG/Process-1] log-speak n=1", warning("Process-1", "1"),
			"[DEBUG/Process-1:1] log-speak n=0", warning("Process-1:1", "0"), "[DEBUG/MainProcess] log-speak n=2",
		},
		logAtWarn:  {warning("Process-1", "1"), warning("Process-1:1", "0")},
		logAtError: nil,
	} {
		if got := logLines(t, program, "] log-speak"); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", program, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Nobody turned it on in the parent, and so it is off in its descendants.
func TestLogOffIsOff(t *testing.T) {
	t.Parallel()
	if lines := logLines(t, logOff, "log-"); len(lines) != 0 {
		t.Errorf("%d lines, the first is %q", len(lines), lines[0])
	}
}

// logRecord is a record as the parent's handler wrote it.
type logRecord struct {
	Level, Msg, Event, Process string
	N                          *int
	With                       string
	Group                      struct {
		N    int
		List string
	}
}

// A handler of the program's own, in the main process, gets the records of
// child and grandchild, with the name of the process and all attributes.
func TestLogHandlerGetsDescendants(t *testing.T) {
	t.Parallel()
	var got []string
	for _, line := range logLines(t, logHandler, `"msg":"log-speak"`) {
		var r logRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(line, err)
		}
		n := r.Group.N
		if r.N != nil {
			n = *r.N
		}
		if r.Level == "WARN" && (r.Group.List != "[1 2]" || r.With != "größer \ufffd" && r.With != "größer \xff") {
			t.Errorf("got %s", line)
		}
		got = append(got, r.Level+" "+r.Process+" "+string(rune('0'+n)))
	}
	slices.Sort(got) // the main process does not wait for what is on its way
	want := []string{"DEBUG  2", "DEBUG Process-1 1", "DEBUG Process-1:1 0", "WARN Process-1 1", "WARN Process-1:1 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
