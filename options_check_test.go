package multiproc_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"multiproc"
)

// Contradictions are refused before anything is started.
func TestOptionsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	const inProcess = multiproc.InProcess
	for name, opts := range map[string]multiproc.Options{
		"daemon and detached": {Daemon: true, Detached: true},
		"method":              {Method: inProcess + 1},
		"negative method":     {Method: -1},
		"NUL in Dir":          {Dir: "a\x00b"},
		"no = in Env":         {Env: []string{"A=1", "B"}},
		"no key in Env":       {Env: []string{"=1"}},
		"empty entry in Env":  {Env: []string{""}},
		"NUL in Env":          {Env: []string{"A=\x00"}},
		"InProcess, Env":      {Method: inProcess, Env: []string{}},
		"InProcess, Dir":      {Method: inProcess, Dir: "/"},
		"InProcess, Detached": {Method: inProcess, Detached: true},
		"InProcess, Stdin":    {Method: inProcess, Stdin: strings.NewReader("")},
		"InProcess, Stdout":   {Method: inProcess, Stdout: io.Discard},
		"InProcess, Stderr":   {Method: inProcess, Stderr: io.Discard},
	} {
		c, err := lifeWait.With(opts).Start(t.Context(), "")
		if c != nil || !errors.Is(err, os.ErrInvalid) || !strings.Contains(err.Error(), "invalid Options") {
			t.Errorf("%s: Start = %v, %v", name, c, err)
		}
	}
}

// StartCommand refuses what is cmd's, and a cmd that it can't see to.
func TestStartCommandRefuses(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]multiproc.Options{
		"Env":      {Env: []string{}},
		"Dir":      {Dir: "/"},
		"Stdin":    {Stdin: strings.NewReader("")},
		"Stdout":   {Stdout: io.Discard},
		"Stderr":   {Stderr: io.Discard},
		"Spawn":    {Method: multiproc.Spawn},
		"Detached": {Detached: true, Daemon: true},
	} {
		cmd := exec.Command("sleep", "1000")
		if p, err := multiproc.StartCommand(t.Context(), cmd, opts); p != nil || err == nil || cmd.Process != nil {
			t.Errorf("%s: StartCommand = %v, %v", name, p, err)
		}
	}
	started := exec.Command("sleep", "0")
	if err := started.Run(); err != nil {
		t.Fatal(err)
	}
	delayed := exec.Command("sleep", "1000")
	delayed.WaitDelay = time.Second
	for name, cmd := range map[string]*exec.Cmd{
		"started": started, "ctx": exec.CommandContext(t.Context(), "sleep", "1000"), "WaitDelay": delayed,
	} {
		if p, err := multiproc.StartCommand(t.Context(), cmd, multiproc.Options{}); p != nil || err == nil {
			t.Errorf("%s: StartCommand = %v, %v", name, p, err)
		}
	}
}

// A ctx that is over starts nothing, and its cause is told.
func TestStartWithAnEndedCtx(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrNoProgress)
	c, err := lifeWait.Start(ctx, "")
	if c != nil || !lifeIsAll(err, context.Canceled, io.ErrNoProgress) {
		t.Errorf("Start = %v, %v", c, err)
	}
	cmd := exec.Command("sleep", "1000")
	p, err := multiproc.StartCommand(ctx, cmd, multiproc.Options{})
	if p != nil || cmd.Process != nil || !lifeIsAll(err, context.Canceled, io.ErrNoProgress) {
		t.Errorf("StartCommand = %v, %v", p, err)
	}
}

// TESTS 259: what has no options shares nothing, With changes no other Func,
// and the slices in Options stay as they are.
func TestOptionsAreNotShared(t *testing.T) {
	t.Parallel()
	named := lifeWho.With(multiproc.Options{Name: "named", Daemon: true})
	plain := named.With(multiproc.Options{})
	for f, name := range map[*multiproc.Func[struct{}, lifeSelf]]string{named: "named", plain: "", lifeWho: ""} {
		c := lifeStart(t, f, struct{}{})
		if err := c.Wait(lifeCtx(t)); err != nil {
			t.Error(err)
		}
		if name != "" && c.Name() != name || name == "" && c.Name() == "named" || c.Daemon() != (name != "") {
			t.Errorf("%v, want name %q", c, name)
		}
	}
	env := append(make([]string, 0, 64), "A=1") // with room that belongs to the caller
	f := lifeEnv.With(multiproc.Options{Env: env})
	for range 2 {
		if got, err := f.Call(lifeCtx(t), nil); err != nil || !slices.Contains(got, "A=1") {
			t.Errorf("Call() = %q, %v", got, err)
		}
	}
	if rest := slices.DeleteFunc(env[:cap(env)], func(e string) bool { return e == "" }); !slices.Equal(rest, []string{"A=1"}) {
		t.Errorf("Env became %q", rest)
	}
}

// lifeEnv returns its environment.
var lifeEnv = multiproc.NewFunc("life-env", func(context.Context, []string) ([]string, error) {
	return os.Environ(), nil
})
