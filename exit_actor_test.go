//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
)

// An exitPlan is what a child of these tests does.
type exitPlan struct {
	Name  string // for its marks
	Until string // how it ends
	Gate  string // a file to wait for
	Stuck bool   // its last finalizer never returns
	Sub   []exitPlan
	Grace time.Duration
	Grown bool // its own children are no daemons
}

// exitActor plays a plan. It marks when it is ready, each finalizer that runs,
// and why its ctx ended.
var exitActor *multiproc.Func[exitPlan, string]

func init() { exitActor = multiproc.NewFunc("exit-actor", playExit) }

// exitStart starts a child that plays, named as in its plan.
func exitStart(ctx context.Context, p exitPlan, opts multiproc.Options) (*multiproc.Child[string], error) {
	opts.Name = p.Name
	opts.Grace = p.Grace
	return exitActor.With(opts).Start(ctx, p)
}

func playExit(ctx context.Context, p exitPlan) (string, error) {
	markFinalizers(p.Name)
	if p.Stuck {
		finalize.AtExit(func() error { mark("%s stuck", p.Name); select {} }, -200)
	}
	for _, sub := range p.Sub {
		c, err := exitStart(ctx, sub, multiproc.Options{Daemon: !p.Grown})
		if err != nil {
			return "", err
		}
		finalize.AtExit(func() error {
			code, ok := c.ExitCode()
			mark("%s saw %s end: %d %v", p.Name, c.Name(), code, ok)
			return nil
		}, -1)
	}
	mark("%s ready", p.Name)
	switch p.Until {
	case "return":
	case "error":
		return "", errors.New("no luck")
	case "panic":
		panic("oops")
	case "goexit":
		runtime.Goexit()
	case "exit":
		multiproc.Exit(3)
	case "ctx", "ctx-err", "ctx-deaf":
		<-ctx.Done()
		mark("%s ctx: %v", p.Name, context.Cause(ctx))
		switch p.Until {
		case "ctx-err":
			return "", ctx.Err()
		case "ctx-deaf":
			select {}
		}
	case "deaf":
		select {}
	case "gate":
		awaitFile(ctx, p.Gate)
	default:
		return "", errors.New("unknown plan " + p.Until)
	}
	return "value", nil
}

// awaitFile waits until the file is there, or ctx ends.
func awaitFile(ctx context.Context, path string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func openGate(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
}

// markFinalizers registers finalizers that say when they run: 10 and 0, then
// -1, -5, one that it adds, and -100.
func markFinalizers(name string) {
	say := func(what string) func() error {
		return func() error { mark("%s %s", name, what); return nil }
	}
	finalize.AtExit(say("f-100"), -100)
	finalize.AtExit(func() error {
		finalize.AtExit(say("added"), 7)
		return say("f-5")()
	}, -5)
	finalize.AtExit(say("f-1"), finalize.AfterChildren)
	finalize.AtExit(say("f0"), finalize.BeforeChildren)
	finalize.AtExit(say("f10"), 10)
}

// markedFinalizers is the trail of markFinalizers.
func markedFinalizers(name string) []string {
	return []string{name + " f10", name + " f0", name + " f-1", name + " f-5", name + " added", name + " f-100"}
}
