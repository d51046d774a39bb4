package multiproc_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// remnantLeaves starts the tree by os/exec, tells of it, waits for the word,
// and ends as it is told.
var remnantLeaves = multiproc.NewFunc("remnant-leaves", func(_ context.Context, end string) (string, error) {
	pids, err1 := fileGet("pids")
	word, err2 := fileGet("word")
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	cmd := exec.Command("sh", "-c", groupScript)
	cmd.Stdout = pids
	if err := cmd.Run(); err != nil {
		return "", err
	}
	pids.Close()
	_, _ = io.Copy(io.Discard, word)
	switch end {
	case "panic":
		panic("as told")
	case "os.Exit":
		os.Exit(3)
	case "SIGKILL":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "wait":
		select {}
	}
	return "left", nil
})

// remnantChild is a function with the tree, and the word that lets it end.
func remnantChild(t *testing.T, opts multiproc.Options, end string) (*multiproc.Child[string], groupTree, func()) {
	t.Helper()
	pidsR, pidsW, err1 := os.Pipe()
	wordR, wordW, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	opts.Files = map[string]*os.File{"pids": pidsW, "word": wordR}
	c := lifeStart(t, remnantLeaves.With(opts), end)
	pidsW.Close()
	wordR.Close()
	k, err := groupKins(pidsR)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.kill()
		pidsR.Close()
		wordW.Close()
	})
	return c, k, func() { wordW.Close() }
}

// However a function ends, the programs that it left behind are asked to end at
// once, and nobody waits for them.
func TestWhatAFunctionLeavesIsAsked(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"return", "panic", "os.Exit", "SIGKILL"} {
		c, k, word := remnantChild(t, multiproc.Options{Grace: time.Hour}, end)
		if !k.gentle.runs() {
			t.Errorf("%s: too early", end)
		}
		word()
		if err := c.Join(lifeCtx(t)); err != nil {
			t.Error(err)
		}
		if !k.gentle.ended() || !k.deaf.goesOn(t) {
			t.Errorf("%s: SIGTERM went elsewhere", end)
		}
		if err := c.Kill(); err != nil {
			t.Error(err)
		}
		if !k.deaf.ended() {
			t.Errorf("%s: the deaf one goes on", end)
		}
	}
}

// And killed when the grace is over.
func TestWhatAFunctionLeavesIsKilled(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{100 * time.Millisecond, -1} {
		_, k, word := remnantChild(t, multiproc.Options{Grace: grace}, "return")
		word()
		if !k.gentle.ended() || !k.deaf.ended() {
			t.Errorf("%v: somebody goes on", grace)
		}
	}
}

// To terminate a function is up to the function: its programs live until it
// has ended. To kill it is not.
func TestEndingAFunctionWithPrograms(t *testing.T) {
	t.Parallel()
	c, k, _ := remnantChild(t, multiproc.Options{Grace: time.Hour}, "wait")
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
	if !k.gentle.ended() || !k.deaf.ended() {
		t.Error("Kill: somebody goes on")
	}
	c, k, _ = remnantChild(t, multiproc.Options{Grace: time.Hour}, "wait")
	for what, signal := range map[string]func() error{
		"Signal": func() error { return c.Signal(syscall.SIGSTOP) }, "Terminate": c.Terminate,
	} {
		if err := errors.Join(c.Signal(syscall.SIGSTOP), untilStopped(c.PID()), signal()); err != nil {
			t.Error(err)
		}
		if !k.gentle.goesOn(t) {
			t.Errorf("%s went to the group", what)
		}
	}
}
