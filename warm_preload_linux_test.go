package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/afterfork"
	"multiproc/finalize"
	"multiproc/mplog"
)

// warmMade is what warmPreload has made in this process.
var warmMade struct {
	preloads, hooks int
	cache           *[]string
}

// warmPreload makes something, and then does what the environment says.
func warmPreload(ctx context.Context) error {
	warmMade.preloads++
	warmMade.cache = &[]string{"parsed"}
	afterfork.Register(warmMade.cache, func(cache *[]string) {
		warmMade.hooks++
		*cache = append(*cache, "made fresh")
	})
	fmt.Fprintln(os.Stderr, "preloading")
	finalize.AtExit(func() error { return warmLeave("finalized") }, 0)
	if err := warmLeave("preloaded"); err != nil {
		return err
	}
	switch os.Getenv("WARM_TEST_PRELOAD") {
	case "fail":
		return fmt.Errorf("no table: %w", os.ErrNotExist)
	case "panic":
		panic("no table")
	case "goexit":
		runtime.Goexit()
	case "exit":
		os.Exit(0)
	case "asked":
		if len(warmTraces(os.Getenv("WARM_TEST_DIR"), "preloaded")) <= 2 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
				return err
			}
			<-ctx.Done()
		}
	case "later":
		time.AfterFunc(time.Millisecond, func() { panic("too late") })
	}
	return nil
}

// warmLeave leaves a trace of this process.
func warmLeave(what string) error {
	return lifeTell(filepath.Join(os.Getenv("WARM_TEST_DIR"), fmt.Sprint(what, "-", os.Getpid())), "")
}

// warmTraces are the pids that have left one.
func warmTraces(dir, what string) (pids []string) {
	traces, _ := filepath.Glob(filepath.Join(dir, what+"-*")) // the pattern is right
	for _, trace := range traces {
		if pid := strings.TrimPrefix(filepath.Base(trace), what+"-"); !strings.HasSuffix(pid, ".new") {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// warmCommand returns a program that preloads in a certain way, and the directory
// in which that leaves traces.
func warmCommand(t *testing.T, name, way string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd, dir = programCommand(t, name), t.TempDir()
	cmd.Env = append(cmd.Env, "WARM_TEST_DIR="+dir, "WARM_TEST_PRELOAD="+way)
	return cmd, dir
}

type warmTold struct {
	PID, Preloads, Hooks int
	Cache                []string
}

// warmTell tells what preloading has made.
var warmTell = multiproc.NewFunc("warm-tell", func(context.Context, struct{}) (warmTold, error) {
	return warmTold{os.Getpid(), warmMade.preloads, warmMade.hooks, *warmMade.cache}, nil
})

var warmOptions = multiproc.MainOptions{Preload: warmPreload, Spares: 1, Method: multiproc.Warm}

// warmTwice calls warm and cold.
var warmTwice = program("warm-twice", func() {
	multiproc.MainWithOptions(func(ctx context.Context) error {
		pids := multiproc.AwaitSpares(1)
		for _, method := range []multiproc.StartMethod{multiproc.DefaultMethod, multiproc.Spawn} {
			told, err := warmTell.With(multiproc.Options{Method: method}).Call(ctx, struct{}{})
			fmt.Println(told.PID == pids[0], told.Preloads, told.Hooks, told.Cache, err)
		}
		return nil
	}, warmOptions)
})

// TESTS 100: functions need not ask. What a spare has made is made fresh when it
// is handed out, and is taken down when it ends, also if nobody took it.
func TestPreload(t *testing.T) {
	t.Parallel()
	cmd, dir := warmCommand(t, warmTwice, "")
	s := stageCommand(t, cmd).end(0)
	s.says("true 1 1 [parsed made fresh] <nil>")
	s.says("false 1 1 [parsed made fresh] <nil>")
	preloaded := warmTraces(dir, "preloaded")
	if said := strings.Count(s.output.String(), "preloading\n"); said != len(preloaded) || said < 2 {
		t.Errorf("said %d times by %v", said, preloaded)
	}
	if finalized := warmTraces(dir, "finalized"); !slices.Equal(finalized, preloaded) {
		t.Errorf("finalized by %v, made by %v", finalized, preloaded)
	}
}

// warmBroken has a Preload that fails: it starts until three spares have, and the
// log has heard of it.
var warmBroken = program("warm-broken", func() {
	opts := warmOptions
	opts.Method = multiproc.DefaultMethod
	multiproc.MainWithOptions(func(ctx context.Context) error {
		var failed atomic.Int32
		mplog.SetHandler(warmCounter{&failed})
		f := warmTell.With(multiproc.Options{Method: multiproc.Warm})
		_, err := f.Call(ctx, struct{}{})
		var remote *multiproc.RemoteError
		var panicked *multiproc.PanicError
		fmt.Println("error:", errors.As(err, &remote), errors.As(err, &panicked), errors.Is(err, os.ErrNotExist), err)
		for failed.Load() == 0 || len(warmTraces(os.Getenv("WARM_TEST_DIR"), "preloaded")) < 4 {
			time.Sleep(time.Millisecond)
		}
		fmt.Println("reports:", failed.Load())
		return nil
	}, opts)
})

// A warmCounter counts the reports of failed spares.
type warmCounter struct{ failed *atomic.Int32 }

func (warmCounter) Enabled(context.Context, slog.Level) bool { return true }
func (w warmCounter) WithAttrs([]slog.Attr) slog.Handler     { return w }
func (w warmCounter) WithGroup(string) slog.Handler          { return w }

func (w warmCounter) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == mplog.EventKey && a.Value.String() == "spare-failed" {
			w.failed.Add(1)
			fmt.Println("report:", r.Level, r.Message)
			r.Attrs(func(a slog.Attr) bool { fmt.Println("report:", a); return true })
		}
		return true
	})
	return nil
}

// PAINS 78: what fails in Preload is told once, with its cause, and is the
// error of a function that has to run without.
func TestPreloadFails(t *testing.T) {
	t.Parallel()
	for way, want := range map[string][]string{
		"fail":   {"error: true false true", "multiproc: Preload: no table: file does not exist"},
		"panic":  {"error: false true false", "no table"},
		"goexit": {"error: false false false", "Goexit"},
		"exit":   {"error: false false false", "exited with code 0"},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cmd, _ := warmCommand(t, warmBroken, way)
			s := stageCommand(t, cmd).end(0)
			s.says("reports: 1")
			for _, text := range want {
				s.says(text)
			}
			if text := s.output.String(); strings.Count(text, want[1]) < 2 {
				t.Errorf("not told by both, the error and the report")
			}
		})
	}
}
