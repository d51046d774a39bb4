package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"multiproc"
	"multiproc/mplog"
)

// logMany fills every buffer on the way.
var logMany = multiproc.NewFunc("log-many", func(ctx context.Context, generations int) (int, error) {
	const enough = 5_000
	if generations > 0 {
		if _, err := logManyBelow(ctx, generations-1); err != nil {
			return 0, err
		}
	}
	for n := range enough {
		mplog.Warning("log-many", "n", n, "text", strings.Repeat("x", 200))
	}
	return enough, nil
})

var logManyBelow func(ctx context.Context, generations int) (int, error)

func init() {
	logManyBelow = func(ctx context.Context, n int) (int, error) { return logMany.Call(ctx, n) }
}

// logStuck is a handler that lets nothing through until it is told to.
type logStuck struct {
	slog.Handler
	open <-chan struct{}
	got  chan<- struct{} // room for one: the first record is here
}

func (s logStuck) Handle(ctx context.Context, r slog.Record) error {
	select {
	case s.got <- struct{}{}:
	default:
	}
	<-s.open
	return s.Handler.Handle(ctx, r)
}

var (
	logOpen = make(chan struct{})
	logGot  = make(chan struct{}, 1)
)

// logBlocked has its handler stuck while a child and a grandchild log, return
// and end, and lets go then.
var logBlocked = logProgram("log-blocked", func() {
	mplog.SetHandler(logStuck{logJSON(os.Stderr, mplog.LevelWarning), logOpen, logGot})
}, func(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lifeNet)
	defer cancel()
	c, err := logMany.Start(ctx, 1)
	if err != nil {
		return err
	}
	select {
	case <-logGot:
	case <-ctx.Done():
		return errors.New("the handler got nothing")
	}
	n, err := c.Result(ctx)
	err = errors.Join(err, c.Wait(ctx))
	fmt.Fprintln(os.Stderr, "log-many ended", n, err)
	close(logOpen)
	return err
})

// A handler that is stuck holds up no child: neither the calls that log there,
// nor its result, nor its end. What is lost meanwhile is said, not silently
// gone.
func TestStuckHandlerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	lines := logLines(t, logBlocked, "log-many", "log-dropped")
	if len(lines) == 0 || lines[0] != "log-many ended 5000 <nil>" {
		t.Fatalf("got %d lines, the first is %q", len(lines), lines[:min(len(lines), 1)])
	}
	dropped := 0
	for _, line := range lines {
		if strings.Contains(line, `"event":"log-dropped"`) {
			dropped++
		}
	}
	if dropped == 0 || len(lines) < 100 || len(lines) > 10_000 {
		t.Errorf("%d lines, %d say that something was dropped", len(lines), dropped)
	}
}
