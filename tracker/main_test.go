package tracker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/leak"
)

// programs are the mains that the test binary plays.
var programs = map[string]func(){}

func TestMain(m *testing.M) {
	multiproc.Init() // children and trackers are the same binary
	leak.MainWithRoles(cleaned{m}, programs)
}

type cleaned struct{ m *testing.M }

func (c cleaned) Run() int {
	code := c.m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := multiproc.Cleanup(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// net is how long a test waits for what must happen.
const net = 30 * time.Second

// A program is a process of a test, that says lines and does what it is told.
type proc struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   *os.File
	out  *bufio.Reader
	errs *strings.Builder
}

func start(t *testing.T, role string, args ...string) *proc {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role)
	p := &proc{t: t, cmd: cmd, errs: &strings.Builder{}}
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, p.errs
	err = cmd.Start()
	inR.Close()
	outW.Close()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out = inW, bufio.NewReader(outR)
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		inW.Close()
		outR.Close()
		if t.Failed() {
			t.Logf("%s said on stderr:\n%s", role, p.errs)
		}
	})
	return p
}

// line returns the next line that it says.
func (p *proc) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (p *proc) read(v any) {
	p.t.Helper()
	line := p.line()
	if err := json.Unmarshal([]byte(line), v); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
}

func (p *proc) tell(what string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, what); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends it by SIGKILL, and waits.
func (p *proc) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed
}

// awaitGone waits until there is nothing under the path.
func awaitGone(t *testing.T, path string) {
	t.Helper()
	awaitGoneOr(t, path, func() bool { return false })
}

// awaitGoneOr is content with something else, too.
func awaitGoneOr(t *testing.T, path string, or func() bool) {
	t.Helper()
	for deadline := time.Now().Add(net); ; time.Sleep(time.Millisecond) {
		if _, err := os.Lstat(path); os.IsNotExist(err) || or() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", path)
		}
	}
}

// awaitFile waits for a file and returns what is in it.
func awaitFile(t *testing.T, path string) string {
	t.Helper()
	for deadline := time.Now().Add(net); ; time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			return string(text)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", path)
		}
	}
}

func makeDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "resource")
	if err := os.MkdirAll(filepath.Join(dir, "with", "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
