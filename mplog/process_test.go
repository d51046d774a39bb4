package mplog

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"multiproc/internal/seam"
)

// Row 14: Logging.test_level, LEVEL1: a level that was set.
func TestLogging_Row14ChildHasItsParentsLevel(t *testing.T) {
	fresh(t)
	LogToStderr(FromPython(32))
	if got, want := childsLevel(t), FromPython(32).String(); got != want {
		t.Errorf("the child's level is %s, want %s", got, want)
	}
}

// Row 15: Logging.test_level, LEVEL2: a level that is only in effect.
func TestLogging_Row15ChildHasTheEffectiveLevel(t *testing.T) {
	fresh(t)
	Logger()
	if got, want := childsLevel(t), LevelWarning.String(); got != want {
		t.Errorf("the child's level is %s, want %s", got, want)
	}
	SetLevel(FromPython(37))
	if got, want := childsLevel(t), FromPython(37).String(); got != want {
		t.Errorf("the child's level is %s, want %s", got, want)
	}
}

func childsLevel(t *testing.T) string {
	t.Helper()
	out, err := child("level", "Process-1").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Row 17: the flag of log_to_stderr travels.
func TestLogging_Row17ChildWritesToStderr(t *testing.T) {
	fresh(t)
	stderr := captureStderr(t)
	LogToStderr(LevelInfo)
	if err := child("info", "Process-1").Run(); err != nil {
		t.Fatal(err)
	}
	if got, want := stderr(), "[INFO/Process-1] child process calling run event=child-run\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	SetLevel(LevelWarning)
	if err := child("info", "Process-1").Run(); err != nil {
		t.Fatal(err)
	}
	if got := stderr(); got != "" {
		t.Errorf("below the level: %q", got)
	}
}

// chain logs, and so does a child of its own, whose records pass through here.
func chain() {
	Info("middle")
	out, err := child("info", "Process-1:1").Output()
	if err == nil {
		err = emitAll(out, "wrong name")
	}
	if err != nil {
		panic(err)
	}
}

func TestRecordsOfChildAndGrandchildComeToTheHandler(t *testing.T) {
	fresh(t)
	h := newRecorder()
	SetHandler(h)
	SetLevel(LevelInfo)
	out, err := child("chain", "Process-1").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := emitAll(out, "Process-1"); err != nil {
		t.Fatal(err)
	}
	seam.LogClose(time.Minute)
	var got []string
	for _, r := range h.take() {
		got = append(got, fmt.Sprint(attr(r, ProcessKey), " ", attr(r, EventKey), " ", r.Message))
		// By PC, that of this process: also where code lies elsewhere in each.
		if src := r.Source(); src == nil || !strings.HasPrefix(src.Function, "multiproc/mplog.") || !strings.HasSuffix(src.File, "_test.go") {
			t.Errorf("source %+v, %v", src, attr(r, slog.SourceKey))
		}
	}
	want := "Process-1 <nil> middle\nProcess-1:1 child-run child process calling run"
	if strings.Join(got, "\n") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

const burstLines = 200

func burst() {
	for i := range burstLines {
		Info("line", "i", i, "pad", strings.Repeat("x", 3000))
	}
}

// A pipe is where the lines of several processes would get into each other.
func TestLinesOfSeveralProcessesDoNotMix(t *testing.T) {
	fresh(t)
	LogToStderr(LevelInfo)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var wg sync.WaitGroup
	for i := range 4 {
		cmd := child("burst", fmt.Sprint("Process-", i))
		cmd.Stderr = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	w.Close()
	out, err := io.ReadAll(r)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`^\[INFO/Process-\d\] line i=\d+ pad=x+$`)
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 4*burstLines {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if !whole.MatchString(l) || strings.Count(l, "x") != 3000 {
			t.Fatalf("broken line %.80q", l)
		}
	}
}
