package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
	"multiproc/mplog"
)

// A warmCase is a way to start a child, and whether a spare can become that.
type warmCase struct {
	ctx   context.Context
	opts  func() multiproc.Options
	spare bool
}

// warmPair calls warmLook cold and warm, with the same options, and tells in what
// the two differ; the second must have taken a spare, unless it can't.
func warmPair(ctx context.Context, options func() multiproc.Options, spare bool) (differences []string, err error) {
	var views [2]warmView
	var logs [2]bytes.Buffer
	for i, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.Warm} {
		pids := multiproc.AwaitSpares(2)
		opts := options()
		opts.Method, opts.Stderr = method, &logs[i]
		if opts.Name == "" {
			opts.Name = "looker"
		}
		c, err := warmLook.With(opts).Start(ctx, "argument")
		if err != nil {
			return nil, err
		}
		if views[i], err = c.Result(ctx); err != nil {
			return nil, errors.Join(err, c.Wait(ctx))
		}
		if err := c.Wait(ctx); err != nil {
			return nil, err
		}
		if took := slices.Contains(pids, c.PID()); took != (spare && method == multiproc.Warm) {
			differences = append(differences, fmt.Sprintf("%v took a spare: %v", method, took))
		}
	}
	if logs[0].String() != logs[1].String() {
		differences = append(differences, fmt.Sprintf("stderr %q, %q", &logs[0], &logs[1]))
	}
	return append(differences, warmDiffer(views[0], views[1])...), nil
}

// warmEqual tries each option, and returns what differs by its name.
var warmEqual = lifeProgram("warm-equal", func(ctx context.Context) (map[string][]string, error) {
	multiproc.SetSpares(2)
	file, err := os.CreateTemp("", "warm")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.WriteString("content"); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	timed, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	found := map[string][]string{}
	for name, c := range map[string]warmCase{
		"nothing":   {ctx, func() multiproc.Options { return multiproc.Options{} }, true},
		"name":      {ctx, func() multiproc.Options { return multiproc.Options{Name: "a name that is longer than ps shows"} }, true},
		"daemon":    {ctx, func() multiproc.Options { return multiproc.Options{Daemon: true, Grace: time.Hour} }, true},
		"directory": {ctx, func() multiproc.Options { return multiproc.Options{Dir: "/"} }, true},
		"same env":  {ctx, func() multiproc.Options { return multiproc.Options{Env: os.Environ()} }, true},
		"other env": {ctx, func() multiproc.Options { return multiproc.Options{Env: append(os.Environ(), "OTHER=1")} }, false},
		"detached":  {ctx, func() multiproc.Options { return multiproc.Options{Detached: true} }, false},
		"reader":    {ctx, func() multiproc.Options { return multiproc.Options{Stdin: strings.NewReader("in")} }, true},
		"stdin":     {ctx, func() multiproc.Options { _, _ = file.Seek(0, 0); return multiproc.Options{Stdin: file} }, true},
		"writers":   {ctx, func() multiproc.Options { return multiproc.Options{Stdout: &bytes.Buffer{}} }, true},
		"a pipe":    {ctx, func() multiproc.Options { return multiproc.Options{Stdout: w} }, true},
		"files": {ctx, func() multiproc.Options {
			return multiproc.Options{Files: map[string]*os.File{"file": file, "pipe": r}}
		}, true},
		"deadline":   {timed, func() multiproc.Options { return multiproc.Options{} }, true},
		"many files": {ctx, func() multiproc.Options { return multiproc.Options{Files: warmMany(file, 249)} }, true},
		"more files": {ctx, func() multiproc.Options { return multiproc.Options{Files: warmMany(file, 250)} }, false},
	} {
		differences, err := warmPair(c.ctx, c.opts, c.spare)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(differences) > 0 {
			found[name] = differences
		}
	}
	return found, nil
})

func warmMany(file *os.File, n int) map[string]*os.File {
	files := map[string]*os.File{"file": file}
	for i := range n - 1 {
		files[fmt.Sprint(i)] = file
	}
	return files
}

// A warm child is as one that was started cold, whatever it was started with.
func TestWarmIsAsCold(t *testing.T) {
	t.Parallel()
	for name, differences := range lifeRun[map[string][]string](t, programCommand(t, warmEqual)) {
		t.Errorf("%s:\n\t%s", name, strings.Join(differences, "\n\t"))
	}
}

// warmChanges change something of the parent that a child must see.
var warmChanges = map[string]func() error{
	"environment": func() error { return os.Setenv("WARM_TEST", "changed") },
	"directory":   func() error { return os.Chdir("/") },
	"umask":       func() error { syscall.Umask(0o027); return nil },
	"arguments":   func() error { os.Args = append(os.Args, "more"); return nil },
	"processors":  func() error { runtime.GOMAXPROCS(3); return nil },
	"collector":   func() error { debug.SetGCPercent(33); return nil },
	"memory":      func() error { debug.SetMemoryLimit(1 << 40); return nil },
	"ignored":     func() error { signal.Ignore(syscall.SIGUSR1); return nil },
	"limit": func() error {
		return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	},
	"log": func() error { mplog.SetLevel(mplog.LevelDebug); mplog.LogToStderr(mplog.LevelWarning); return nil },
	"group": func() error {
		if os.Geteuid() != 0 {
			return nil
		}
		return syscall.Setgroups([]int{1234})
	},
}

// warmChanged makes all changes one after another, while spares wait.
var warmChanged = lifeProgram("warm-changed", func(ctx context.Context) (map[string][]string, error) {
	multiproc.SetSpares(2)
	found := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(warmChanges)) {
		_ = multiproc.AwaitSpares(2)
		if err := warmChanges[name](); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		differences, err := warmStale(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(differences) > 0 {
			found[name] = differences
		}
	}
	return found, nil
})

// warmStale compares a warm start with a cold one just after a change.
func warmStale(ctx context.Context) ([]string, error) {
	var views [2]warmView
	for i, method := range []multiproc.StartMethod{multiproc.Warm, multiproc.Spawn} {
		var err error
		opts := multiproc.Options{Method: method, Name: "looker", Stderr: &bytes.Buffer{}}
		if views[i], err = warmLook.With(opts).Call(ctx, "argument"); err != nil {
			return nil, err
		}
	}
	return warmDiffer(views[1], views[0]), nil
}

// What the parent has changed since its spares were started shows in a warm child
// too: they are let go where they can't be told.
func TestWarmSeesWhatHasChanged(t *testing.T) {
	t.Parallel()
	for name, differences := range lifeRun[map[string][]string](t, programCommand(t, warmChanged)) {
		t.Errorf("%s:\n\t%s", name, strings.Join(differences, "\n\t"))
	}
}
