package multiproc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// oddDeaf ends when it is killed.
var oddDeaf = multiproc.NewFunc("odd-deaf", func(_ context.Context, mark string) (int, error) {
	if err := lifeTell(mark, strconv.Itoa(os.Getpid())); err != nil {
		return 0, err
	}
	select {}
})

// oddPiped has a tracker, and children with streams of their own: a deaf one,
// and one that outlives it.
var oddPiped = program("odd-piped", func() {
	multiproc.Main(func(ctx context.Context) error {
		for name, opts := range map[string]multiproc.Options{
			"deaf":     {Grace: lifeNet, Stdout: io.Discard, Stderr: io.Discard},
			"detached": {Detached: true, Stdout: io.Discard, Stderr: io.Discard},
		} {
			if name == "deaf" && os.Args[1] != "kill" {
				continue
			}
			if _, err := oddDeaf.With(opts).Start(ctx, os.Args[2]+name); err != nil {
				return err
			}
		}
		if err := tracker.File.Register(os.Args[2] + "probe"); err != nil {
			return err
		}
		fmt.Println("ready")
		if os.Args[1] == "kill" {
			select {}
		}
		return tracker.File.Unregister(os.Args[2] + "probe")
	})
})

// `prog | cat` ends when prog does.
func TestPipeEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"kill", "leave"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := programCommand(t, oddPiped, how, dir+"/")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = cmd.Stdout
			if err := startClean(cmd); err != nil {
				t.Fatal(err)
			}
			defer func() { // should the test have failed
				if cmd.ProcessState == nil {
					_, _ = cmd.Process.Kill(), cmd.Wait()
				}
			}()
			stay := map[string]int{"detached": 0}
			if how == "kill" {
				stay["deaf"] = 0
			}
			for name := range stay {
				stay[name], _ = strconv.Atoi(lifeHear(t, filepath.Join(dir, name)))
				defer syscall.Kill(stay[name], syscall.SIGKILL)
			}
			in := bufio.NewReader(out)
			if line, err := in.ReadString('\n'); line != "ready\n" {
				t.Fatalf("%q, %v", line, err)
			}
			if how == "kill" {
				_ = cmd.Process.Kill()
			}
			net := time.AfterFunc(lifeNet/2, func() { out.Close() })
			if text, err := io.ReadAll(in); len(text) > 0 || err != nil {
				t.Errorf("somebody holds the pipe: %q, %v", text, err)
			}
			net.Stop()
			for name, pid := range stay {
				if err := syscall.Kill(pid, 0); err != nil {
					t.Errorf("%s is gone, and shows nothing: %v", name, err)
				}
			}
			if err := cmd.Wait(); (err == nil) != (how == "leave") && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// oddForeign starts a program that nobody knows of.
var oddForeign = program("odd-foreign", func() {
	multiproc.Main(func(context.Context) error {
		if err := tracker.File.Register("probe"); err != nil {
			return err
		}
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			return err
		}
		mark("sleep %d", cmd.Process.Pid)
		if os.Args[1] == "kill" {
			select {}
		}
		return tracker.File.Unregister("probe")
	})
})

// TESTS 246-250: a program by os/exec has no part in the tracker, nor has its
// tracker in it.
func TestForeignProgramHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"kill", "leave"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := stageCommand(t, patient(programCommand(t, oddForeign, how)))
			entry, err := s.next()
			pid, aerr := strconv.Atoi(strings.TrimPrefix(entry, "sleep "))
			if err != nil || aerr != nil {
				t.Fatal(entry, err)
			}
			defer syscall.Kill(pid, syscall.SIGKILL)
			if how == "kill" {
				s.signal(os.Kill)
			}
			if err := s.cmd.Wait(); (err == nil) != (how == "leave") {
				t.Error(err)
			}
			left := stageLeft(s.tag)
			for net := time.Now().Add(lifeNet); how == "kill" && len(left) > 1 && time.Now().Before(net); left = stageLeft(s.tag) {
				time.Sleep(time.Millisecond)
			}
			if len(left) != 1 || !strings.Contains(left[0], "sleep") {
				t.Errorf("left: %q", left)
			}
		})
	}
}
