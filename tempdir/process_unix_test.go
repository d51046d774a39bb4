//go:build unix

package tempdir

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"multiproc/finalize"
)

func init() {
	// own makes one directory of each kind, tells their paths, and leaves in
	// order when its input ends; with an argument it first starts a program that
	// lives as long as that.
	roles["own"] = func() {
		own, err := Get()
		made, _, err1 := Make("m")
		socket, _, err2 := Socket()
		if err := errors.Join(err, err1, err2); err != nil {
			panic(err)
		}
		if len(os.Args) > 1 {
			cat := exec.Command("cat")
			cat.Stdin = os.Stdin
			if err := cat.Start(); err != nil {
				panic(err)
			}
		}
		tell([]string{own, made, filepath.Dir(socket)})
		io.Copy(io.Discard, os.Stdin)
		if err := finalize.RunAll(); err != nil {
			panic(err)
		}
	}
	roles["sweep"] = func() {
		removed, err := Sweep()
		if err != nil {
			panic(err)
		}
		tell(removed)
	}
	// churn makes and removes directories, and is angry when one has gone.
	roles["churn"] = func() {
		for range 150 {
			path, remove, err := Make("")
			if err == nil {
				err = os.WriteFile(filepath.Join(path, "file"), nil, 0o600)
			}
			if err == nil {
				_, err = os.Lstat(filepath.Join(path, "file"))
			}
			if err == nil {
				err = remove()
			}
			if err != nil {
				panic(err)
			}
		}
	}
}

func tell(paths []string) { json.NewEncoder(os.Stdout).Encode(paths) }

func told(t *testing.T, s string) (paths []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &paths); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return paths
}

// An actor is a process in the role own.
type actor struct {
	cmd   *exec.Cmd
	input io.Closer // its end is that of the actor's input
	dirs  []string
}

func startOwn(t *testing.T, args ...string) *actor {
	t.Helper()
	cmd := started(t, "own", args...)
	r, w, err := os.Pipe() // not StdinPipe: Wait would close it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	cmd.Stdin = r
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, cmd.Stderr)
	}
	a := &actor{cmd, w, told(t, line)}
	for _, dir := range a.dirs {
		if !exists(dir) {
			t.Errorf("%s is not there", dir)
		}
	}
	return a
}

func (a *actor) kill(t *testing.T) {
	t.Helper()
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	a.cmd.Wait()
}

func TestOrderlyExitRemoves(t *testing.T) {
	place := fresh(t)
	a := startOwn(t)
	a.input.Close()
	if err := a.cmd.Wait(); err != nil || len(list(t, place)) != 0 {
		t.Errorf("%v: %s; left %q", err, a.cmd.Stderr, list(t, place))
	}
}

// TESTS row 208, without a tracker: what SIGKILL leaves the next process
// removes; the living keep theirs. A program that the dead one started and that
// lives on holds no lock.
func TestSweepAfterSIGKILL(t *testing.T) {
	place := fresh(t)
	living, killed := startOwn(t), startOwn(t, "with a child")
	if removed := told(t, play(t, "sweep")); len(removed) != 0 {
		t.Errorf("removed from the living: %q", removed)
	}
	killed.kill(t)
	if n := len(list(t, place)); n != 8 {
		t.Errorf("after SIGKILL there are %q", list(t, place))
	}
	removed := told(t, play(t, "sweep"))
	slices.Sort(removed)
	slices.Sort(killed.dirs)
	if !slices.Equal(removed, killed.dirs) || len(list(t, place)) != 4 {
		t.Errorf("removed %q, want %q; there are %q", removed, killed.dirs, list(t, place))
	}
	for _, dir := range living.dirs {
		if !exists(dir) {
			t.Errorf("%s of the living is gone", dir)
		}
	}
	killed.input.Close()
	living.kill(t)
	if removed, err := Sweep(); err != nil || len(removed) != 3 || len(list(t, place)) != 0 {
		t.Errorf("Sweep = %q, %v; left %q", removed, err, list(t, place))
	}
}

// Processes make directories while others sweep: none is removed from under its
// owner, whichever of its first moments a Sweep falls into.
func TestSweepNeverTakesWhatIsBeingMade(t *testing.T) {
	place := fresh(t)
	var churning, sweeping sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		churning.Go(func() {
			cmd := started(t, "churn")
			cmd.Stderr = nil
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	for range 2 {
		sweeping.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if removed, err := Sweep(); err != nil || len(removed) != 0 {
					t.Errorf("Sweep = %q, %v", removed, err)
				}
			}
		})
	}
	churning.Wait()
	close(done)
	sweeping.Wait()
	if _, err := Sweep(); err != nil || len(list(t, place)) != 0 {
		t.Errorf("%v; left %q", err, list(t, place))
	}
}

// An odd umask takes nothing from the mode. It is of the whole process, so that
// is one of its own.
func TestModeWhateverTheUmask(t *testing.T) {
	fresh(t)
	for _, umask := range []string{"0", "22", "77", "777", "277"} {
		if got := play(t, "modes", umask); got != "-rw------- drwx------ drwx------ <nil>\n" {
			t.Errorf("umask %s: %s", umask, got)
		}
	}
}

func init() {
	roles["modes"] = func() {
		var mask int
		fmt.Sscanf(os.Args[1], "%o", &mask)
		syscall.Umask(mask)
		own, err := Get()
		if err != nil {
			panic(err)
		}
		address, _, err := Socket()
		if err != nil {
			panic(err)
		}
		var modes []string
		token, _, _ := tokenOf(filepath.Base(own))
		for _, path := range []string{filepath.Join(filepath.Dir(own), prefix+token+suffix), own, filepath.Dir(address)} {
			info, err := os.Lstat(path)
			if err != nil {
				panic(err)
			}
			modes = append(modes, info.Mode().String())
		}
		fmt.Println(strings.Join(modes, " "), finalize.RunAll())
	}
}
