package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// remnantHost leaves a program's group behind, tells of it, waits for the word,
// and leaves.
var remnantHost = program("remnant-host", func() {
	multiproc.Main(func(ctx context.Context) error {
		cmd := exec.Command("sh", "-c", groupScript+"exit 0")
		cmd.Stdout = os.Stdout
		opts := multiproc.Options{Grace: 100 * time.Millisecond, Detached: os.Args[1] == "detached"}
		if os.Args[1] == "join" { // the program ends when the exit waits for it
			cmd.Args[2] = groupScript + "read x"
			cmd.Stdin = os.Stdin
		}
		p, err := multiproc.StartCommand(ctx, cmd, opts)
		if err != nil || os.Args[1] == "join" {
			return err
		}
		if err := p.Wait(ctx); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		switch os.Args[1] {
		case "cleanup":
			if err := multiproc.Cleanup(ctx); err != nil {
				return err
			}
			fmt.Println("clean")
			_, _ = io.Copy(io.Discard, os.NewFile(3, "until"))
		case "exit":
			multiproc.Exit(0)
		}
		return nil
	})
})

// An exit in order and Cleanup leave nobody behind, but for what is detached.
func TestBackgroundProcessesEndWithTheProgram(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"return", "exit", "join", "cleanup", "detached"} {
		until, release, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := programCommand(t, remnantHost, way)
		cmd.ExtraFiles = []*os.File{until}
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		until.Close()
		k, err := groupKins(out)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(k.kill)
		if !k.gentle.runs() || !k.deaf.runs() {
			t.Errorf("%s: too early", way)
		}
		in.Close()
		if way == "cleanup" {
			var said string
			if _, err := fmt.Fscan(out, &said); said != "clean" || err != nil {
				t.Errorf("%q, %v", said, err)
			}
			if k.gentle.runs() || k.deaf.runs() {
				t.Error("Cleanup left somebody")
			}
		}
		release.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", way, err)
		}
		if left := k.gentle.runs() || k.deaf.runs(); left != (way == "detached") {
			t.Errorf("%s: somebody is left: %v", way, left)
		}
	}
}

// remnantRobbed loses the status of a group's leader to somebody else.
var remnantRobbed = lifeProgram("remnant-robbed", func(ctx context.Context) (said []string, err error) {
	lifeThieves["wait"]()
	for range 10 {
		p, k, err := groupStart(ctx, multiproc.Options{}, "exit 7")
		if err != nil {
			return nil, err
		}
		if err := p.Join(ctx); err != nil {
			return nil, err
		}
		if !k.gentle.runs() {
			said = append(said, "too early")
		}
		if err := p.Kill(); err != nil {
			return nil, err
		}
		if !k.gentle.ended() || !k.deaf.ended() {
			said = append(said, "somebody goes on")
		}
		k.kill()
	}
	return said, nil
})

func TestGroupWhoseLeaderWasStolen(t *testing.T) {
	t.Parallel()
	if said := lifeRun[[]string](t, programCommand(t, remnantRobbed)); len(said) > 0 {
		t.Errorf("%q", said)
	}
}

// remnantHeld counts descriptors until they are as many as before.
var remnantHeld = lifeProgram("remnant-held", func(ctx context.Context) (string, error) {
	debug.SetGCPercent(-1)                         // which would close what was forgotten
	if _, err := square.Call(ctx, 1); err != nil { // what the first child needs
		return "", err
	}
	// The tracker, which that has started, is there once it has answered.
	if err := errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none")); err != nil {
		return "", err
	}
	before, err := lifeHolds()
	if err != nil {
		return "", err
	}
	p, k, err := groupStart(ctx, multiproc.Options{}, "exit 0")
	if err != nil {
		return "", err
	}
	if err := errors.Join(p.Join(ctx), p.Kill()); err != nil {
		return "", err
	}
	_, _ = k.gentle.ended(), k.deaf.ended()
	k.kill()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if now, err := lifeHolds(); err != nil || now.Descriptors <= before.Descriptors {
			return "nothing", err
		}
	}
	return "a descriptor", nil
})

// Once a group is empty nothing is left of it here either.
func TestNothingIsHeldOfAnEmptyGroup(t *testing.T) {
	t.Parallel()
	if held := lifeRun[string](t, coldOnly(programCommand(t, remnantHeld))); held != "nothing" {
		t.Errorf("it holds %s", held)
	}
}
