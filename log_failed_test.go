package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/mplog"
)

func logToWarn() { mplog.LogToStderr(mplog.LevelWarning) }

// logFailing has a child that fails, in each way in which somebody may care,
// or not.
func logFailing(name string, care func(ctx context.Context, c *multiproc.Child[string]) error) string {
	return logProgram(name, logToWarn, func(ctx context.Context) error {
		c, err := dieFunc.With(multiproc.Options{Name: name}).Start(ctx, "error")
		if err != nil {
			return err
		}
		return care(ctx, c)
	})
}

// logCares tells whether somebody asked, and so nothing is to be logged.
var logCares = map[string]bool{
	logFailing("log-joined", func(ctx context.Context, c *multiproc.Child[string]) error { return c.Join(ctx) }):                 false,
	logFailing("log-left", func(context.Context, *multiproc.Child[string]) error { return nil }):                                 false,
	logFailing("log-result", func(ctx context.Context, c *multiproc.Child[string]) error { _, _ = c.Result(ctx); return nil }):   true,
	logFailing("log-waited", func(ctx context.Context, c *multiproc.Child[string]) error { _ = c.Wait(ctx); return nil }):        true,
	logFailing("log-status", func(ctx context.Context, c *multiproc.Child[string]) error { <-c.Done(); c.Status(); return nil }): true,
}

// A failure that nobody asks for is one warning of the parent's, with what
// happened to whom; one that somebody asked for is none.
func TestChildFailedEvent(t *testing.T) {
	t.Parallel()
	for program, asked := range logCares {
		lines := logLines(t, program, "child-failed")
		if asked && len(lines) != 0 || !asked && len(lines) != 1 {
			t.Errorf("%s: %q", program, lines)
			continue
		}
		if asked {
			continue
		}
		for _, want := range []string{"[WARNING/MainProcess] ", "event=child-failed", "child=" + program, "pid=", `reading \"x\": die: no luck`} {
			if !strings.Contains(lines[0], want) {
				t.Errorf("%s: %s\nhas no %s", program, lines[0], want)
			}
		}
	}
}

// logSignal tells that a record has come out.
type logSignal struct {
	slog.Handler
	seen chan<- struct{} // room for one
}

func (s logSignal) Handle(ctx context.Context, r slog.Record) error {
	err := s.Handler.Handle(ctx, r)
	select {
	case s.seen <- struct{}{}:
	default:
	}
	return err
}

var logSeen = make(chan struct{}, 1)

// logForgotten keeps nothing of its child, and goes on: the warning comes
// before the exit.
var logForgotten = logProgram("log-forgotten", func() {
	mplog.SetHandler(logSignal{logJSON(os.Stderr, mplog.LevelWarning), logSeen})
}, func(ctx context.Context) error {
	done, err := logForget(ctx)
	if err != nil {
		return err
	}
	<-done
	for end := time.Now().Add(lifeNet); time.Now().Before(end); {
		runtime.GC()
		select {
		case <-logSeen:
			fmt.Fprintln(os.Stderr, "child-failed came before the exit")
			return nil
		case <-time.After(time.Millisecond):
		}
	}
	return errors.New("it never came")
})

// logForget starts a child that fails, of which nothing is left but the end.
//
//go:noinline
func logForget(ctx context.Context) (<-chan struct{}, error) {
	c, err := dieFunc.With(multiproc.Options{Name: "forgotten"}).Start(ctx, "error")
	if err != nil {
		return nil, err
	}
	return c.Done(), nil
}

func TestForgottenChildFailed(t *testing.T) {
	t.Parallel()
	lines := logLines(t, logForgotten, "child-failed")
	if len(lines) != 2 || !strings.Contains(lines[0], `"event":"child-failed","child":"forgotten"`) || !strings.Contains(lines[0], "no luck") {
		t.Errorf("got %q", lines)
	}
}

// logCommands runs programs in whose end nobody shows interest.
var logCommands = logProgram("log-commands", logToWarn, func(ctx context.Context) error {
	for _, name := range []string{"true", "false"} {
		p, err := multiproc.StartCommand(ctx, exec.Command(name), multiproc.Options{Name: name})
		if err != nil {
			return err
		}
		if err := p.Join(ctx); err != nil {
			return err
		}
	}
	return nil
})

// A program that succeeded is no failure, one that did not is.
func TestProgramFailedEvent(t *testing.T) {
	t.Parallel()
	lines := logLines(t, logCommands, "child-failed")
	if len(lines) != 1 || !strings.Contains(lines[0], "child=false") || !strings.Contains(lines[0], "code 1") {
		t.Errorf("got %q", lines)
	}
}
