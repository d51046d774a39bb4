//go:build unix

package multiproc_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/mplog"
)

// exitMain registers a program that logs all events and runs run.
func exitMain(name string, opts multiproc.MainOptions, run func(ctx context.Context, args []string) error) string {
	return program(name, func() {
		multiproc.MainWithOptions(func(ctx context.Context) error {
			mplog.LogToStderr(mplog.LevelSubDebug)
			time.AfterFunc(5*lifeNet, func() { panic("nobody ends this program: its test is gone") })
			return run(ctx, os.Args[1:])
		}, opts)
	})
}

// mark says on stderr, among the events, that the program has come to a point.
func mark(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "mark: "+format+"\n", args...)
}

// A stage is a program that runs, as its audience sees it.
type stage struct {
	t      *testing.T
	cmd    *exec.Cmd
	tag    string // in the environment of all that belongs to it
	out    *os.File
	lines  chan string // of stdout and stderr; closed when nobody holds them
	trail  []string    // what came: marks, and events with their process
	output strings.Builder
	abrupt bool // it does not end in order, so that its tracker ends after it
}

// stageProgram starts a registered program.
func stageProgram(t *testing.T, name string, args ...string) *stage {
	t.Helper()
	return stageCommand(t, programCommand(t, name, args...))
}

func stageCommand(t *testing.T, cmd *exec.Cmd) *stage {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, cmd: cmd, tag: "MULTIPROC_TEST_STAGE=" + rand.Text(), out: r, lines: make(chan string, 10_000)}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, s.tag)
	if cmd.Stdout == nil {
		cmd.Stdout = w
	}
	if cmd.Stderr == nil {
		cmd.Stderr = w
	}
	err = startClean(cmd)
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	go func() {
		defer close(s.lines)
		in := bufio.NewScanner(r)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			s.lines <- in.Text()
		}
	}()
	t.Cleanup(s.strike)
	return s
}

// strike ends a program whose test has failed in the middle.
func (s *stage) strike() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()         // it was killed
	}
	s.out.Close()
	for range s.lines { // closed by its reader, which is not to outlive the test
	}
	if s.t.Failed() {
		s.t.Logf("output:\n%s", &s.output)
	}
}

// startClean starts a program that does not inherit ignored signals: the tests
// may run under nohup, or in the background of a shell.
func startClean(cmd *exec.Cmd) error {
	caught := make(chan os.Signal, 1) // what is caught becomes the default at exec
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(caught)
	return cmd.Start()
}

var eventLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\[\w+/(.+?)\] .*\bevent=(\S+)(?: child=(\S+))?`)
})

// next takes in the next line, and returns what it adds to the trail.
func (s *stage) next() (entry string, err error) {
	select {
	case line, ok := <-s.lines:
		if !ok {
			return "", io.EOF
		}
		s.output.WriteString(line + "\n")
		entry = line
		if text, ok := strings.CutPrefix(line, "mark: "); ok {
			entry = text
		} else if m := eventLine().FindStringSubmatch(line); m != nil {
			entry = strings.TrimSpace(m[1] + ": " + m[2] + " " + m[3])
		}
		s.trail = append(s.trail, entry)
		return entry, nil
	case <-time.After(lifeNet):
		return "", os.ErrDeadlineExceeded
	}
}

// await waits until the program has come to all these points.
func (s *stage) await(entries ...string) {
	s.t.Helper()
	for !containsAll(s.trail, entries) {
		if _, err := s.next(); err != nil {
			s.t.Fatalf("waiting for %q: %v", entries, err)
		}
	}
}

func containsAll(list, wanted []string) bool {
	for _, w := range wanted {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return true
}

// signal sends a signal to the program alone.
func (s *stage) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}

// end waits for the end of the program and checks that it was the one wanted,
// an exit code or -N for signal N, and that it has left nothing.
func (s *stage) end(want int) *stage {
	s.t.Helper()
	for err := error(nil); err == nil; {
		if _, err = s.next(); err != nil && !errors.Is(err, io.EOF) {
			_ = s.cmd.Process.Signal(syscall.SIGQUIT)
			s.t.Errorf("it does not end, or somebody holds its output: %v", err)
		}
	}
	s.out.Close()
	_ = s.cmd.Wait() // looked at below
	left := stageLeft(s.tag)
	for net := time.Now().Add(lifeNet); s.abrupt && len(left) > 0 && time.Now().Before(net); left = stageLeft(s.tag) {
		time.Sleep(time.Millisecond) // its tracker sees its death, and follows
	}
	if len(left) > 0 {
		s.t.Errorf("processes left: %v", left)
	}
	if got := endCode(s.cmd.ProcessState); got != want {
		s.t.Errorf("it ended with %d, want %d", got, want)
	}
	return s
}

// endCode is the exit code, or -N for signal N.
func endCode(state *os.ProcessState) int {
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		return -int(ws.Signal())
	}
	return state.ExitCode()
}

// inOrder checks that the trail has these entries, each once, in this order.
func (s *stage) inOrder(entries ...string) {
	s.t.Helper()
	at := -1
	for _, e := range entries {
		i := slices.Index(s.trail, e)
		switch {
		case i < 0:
			s.t.Errorf("%q is missing", e)
			continue
		case slices.Contains(s.trail[i+1:], e):
			s.t.Errorf("%q happened twice", e)
		case i < at:
			s.t.Errorf("%q came before %q", e, s.trail[at])
		}
		at = i
	}
}

// without checks that the trail has none of these entries.
func (s *stage) without(entries ...string) {
	s.t.Helper()
	for _, e := range entries {
		if slices.Contains(s.trail, e) {
			s.t.Errorf("%q happened", e)
		}
	}
}

// says checks that the output has the text somewhere.
func (s *stage) says(text string) {
	s.t.Helper()
	if !strings.Contains(s.output.String(), text) {
		s.t.Errorf("the output lacks %q", text)
	}
}
