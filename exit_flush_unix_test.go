//go:build unix

package multiproc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
	"multiproc/stdio"
)

// exitFlushOut is buffered, as a program's own standard output is.
var exitFlushOut = bufio.NewWriter(os.Stdout)

// flushFunc is a Flush method.
type flushFunc func() error

func (f flushFunc) Flush() error { return f() }

// exitFlushSpoil does to the standard output what is asked for.
func exitFlushSpoil(how string) error {
	switch how {
	case "close":
		return os.Stdout.Close()
	case "close raw":
		return errors.Join(syscall.Close(1), syscall.Close(2))
	case "panic":
		stdio.FlushAtExit(flushFunc(func() error { panic("no more") }))
	case "nil":
		stdio.FlushAtExit(nil)
		stdio.FlushAtExit((*bufio.Writer)(nil))
	}
	return nil
}

var exitFlushChild = multiproc.NewFunc("exit-flush-child", func(_ context.Context, how string) (string, error) {
	stdio.FlushAtExit(exitFlushOut)
	fmt.Fprintln(exitFlushOut, "the child's")
	return "done", exitFlushSpoil(how)
})

// exitFlush runs a child that is spoiled as its first argument says, and then
// spoils itself as the second one says.
var exitFlush = program("exit-flush", func() {
	multiproc.Main(func(ctx context.Context) error {
		stdio.FlushAtExit(exitFlushOut)
		fmt.Fprintln(exitFlushOut, "the parent's")
		c, err := exitFlushChild.Start(ctx, os.Args[1])
		if err != nil {
			return err
		}
		if err := c.Join(ctx); err != nil {
			return err
		}
		if code, _ := c.ExitCode(); code != 0 {
			return fmt.Errorf("the child ended with %d", code)
		}
		return exitFlushSpoil(os.Args[2])
	})
})

// TESTS 38, 40, 41, PAINS 42: what is buffered comes out once, and what happens
// to it does not change the exit code, in the parent as in a child.
func TestExitFlush(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		child, parent string
		stdout        string
		stderr        string
	}{
		{"", "", "the child's\nthe parent's\n", ""},
		{"close", "", "the parent's\n", ""},
		{"close raw", "", "the parent's\n", ""},
		{"", "close", "the child's\n", ""},
		{"", "close raw", "the child's\n", ""},
		{"panic", "panic", "the child's\nthe parent's\n", "multiproc_test.flushFunc: panic: no more"},
		{"nil", "nil", "the child's\nthe parent's\n", "*bufio.Writer: panic"},
	} {
		t.Run(c.child+","+c.parent, func(t *testing.T) {
			t.Parallel()
			cmd := programCommand(t, exitFlush, c.child, c.parent)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, &stderr)
			}
			if stdout.String() != c.stdout {
				t.Errorf("stdout %q, want %q", &stdout, c.stdout)
			}
			if got := stderr.String(); (c.stderr == "" && got != "") || strings.Count(got, c.stderr) < min(len(c.stderr), 2) {
				t.Errorf("stderr %q, want %q twice", got, c.stderr)
			}
		})
	}
}

// The same with a standard output that is closed from the start, full, or read
// by nobody: the writing of that would kill by SIGPIPE at any other time.
func TestExitFlushToNobody(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"broken": "", "closed": "", "full": "no space left on device"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := programCommand(t, exitFlush, "", "")
			var stderr strings.Builder
			cmd.Stderr = &stderr
			switch name {
			case "broken":
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				r.Close()
				defer w.Close()
				cmd.Stdout = w
			case "closed":
				cmd.Args = append([]string{"sh", "-c", `exec "$0" "$@" >&-`}, cmd.Args...)
				cmd.Path = "/bin/sh"
			case "full":
				full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
				if errors.Is(err, os.ErrNotExist) {
					return // only Linux has it
				} else if err != nil {
					t.Fatal(err)
				}
				defer full.Close()
				cmd.Stdout = full
			}
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, &stderr)
			}
			if got := stderr.String(); (want == "" && got != "") || strings.Count(got, want) < min(len(want), 2) {
				t.Errorf("stderr %q, want %q of parent and child", got, want)
			}
		})
	}
}

// exitFlushBlocked has a writer that nobody reads, and an older one that works.
var exitFlushBlocked = exitMain("exit-flush-blocked", multiproc.MainOptions{Grace: lifeNet}, func(ctx context.Context, args []string) error {
	stdio.FlushAtExit(exitFlushOut)
	fmt.Fprintln(exitFlushOut, "mark: the other's")
	_, w := io.Pipe()
	blocked := bufio.NewWriter(w)
	blocked.WriteByte('x')
	stdio.FlushAtExit(flushFunc(func() error {
		mark("flushing")
		return blocked.Flush()
	}))
	if args[0] == "child" {
		return nil
	}
	mark("ready")
	<-ctx.Done()
	return nil
})

// A writer that blocks does not hold up an exit that a signal asks for, before
// the flush or in the middle of it, and takes no other with it.
func TestExitFlushBlocked(t *testing.T) {
	t.Parallel()
	t.Run("asked before", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitFlushBlocked, "")
		s.await("ready")
		s.signal(syscall.SIGTERM)
		s.end(0).inOrder("flushing", "the other's")
		exitFlushSaid(t, s)
	})
	t.Run("asked meanwhile", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitFlushBlocked, "child")
		s.await("flushing")
		s.signal(syscall.SIGTERM)
		s.end(0).inOrder("flushing", "the other's")
		exitFlushSaid(t, s)
	})
	t.Run("second signal", func(t *testing.T) {
		t.Parallel()
		s := stageProgram(t, exitFlushBlocked, "child")
		s.await("flushing")
		start := time.Now()
		s.signal(syscall.SIGTERM)
		s.signal(syscall.SIGINT)
		s.end(0).inOrder("flushing", "the other's")
		exitFlushSaid(t, s)
		t.Log("ended", time.Since(start), "after the signals")
	})
}

func exitFlushSaid(t *testing.T, s *stage) {
	t.Helper()
	if !strings.Contains(s.output.String(), "multiproc: MainProcess: a writer blocks") {
		t.Errorf("it is not said that something is lost")
	}
}

var exitFlushStuck = multiproc.NewFunc("exit-flush-stuck", func(ctx context.Context, _ int) (int, error) {
	_, w := io.Pipe()
	blocked := bufio.NewWriter(w)
	blocked.WriteByte('x')
	stdio.FlushAtExit(blocked)
	return 7, nil
})

// A child that is stuck in its last flush has given its result, and ends when
// it is told to.
func TestExitFlushBlockedChild(t *testing.T) {
	t.Parallel()
	c := lifeStart(t, exitFlushStuck.With(multiproc.Options{Stderr: io.Discard}), 0)
	if got, err := c.Result(lifeCtx(t)); got != 7 || err != nil {
		t.Fatalf("Result = %d, %v", got, err)
	}
	if err := c.Stop(lifeCtx(t)); err != nil {
		t.Error(err)
	}
	if code, _ := c.ExitCode(); code != -int(syscall.SIGTERM) {
		t.Errorf("it ended with %d, want by the signal that it was asked with", code)
	}
}

// exitFlushCopied takes a child's output late, and into a buffer.
type exitFlushCopied struct{}

func (exitFlushCopied) Write(p []byte) (int, error) {
	<-exitLate
	return exitFlushOut.Write(p)
}

var exitFlushCopy = exitMain("exit-flush-copy", multiproc.MainOptions{}, func(ctx context.Context, _ []string) error {
	stdio.FlushAtExit(exitFlushOut)
	finalize.AtExit(func() error { close(exitLate); return nil }, -100)
	_, err := exitFlushChild.With(multiproc.Options{Stdout: exitFlushCopied{}}).Start(ctx, "")
	return err
})

// What children wrote is in the buffer before that is flushed.
func TestExitFlushesWhatWasCopied(t *testing.T) {
	t.Parallel()
	stageProgram(t, exitFlushCopy).end(0).inOrder("the child's")
}
