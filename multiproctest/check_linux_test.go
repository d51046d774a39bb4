package multiproctest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

func init() {
	playLeaks(map[string]func(t *testing.T){
		"child":          func(t *testing.T) { mustStart(t, untilTold, multiproc.Options{Name: "left"}) },
		"detached child": func(t *testing.T) { mustStart(t, untilTold, multiproc.Options{Name: "apart", Detached: true}) },
		"program":        func(t *testing.T) { start(t, exec.Command("sleep", "60")) },
		"orphan":         func(t *testing.T) { orphan(t, os.Environ()) },
		"bare orphan":    func(t *testing.T) { orphan(t, []string{"PATH=" + os.Getenv("PATH")}) },
		"zombie":         zombie,
		"descriptor":     func(t *testing.T) { kept = append(kept, must(t)(os.Open(os.Args[0]))) },
		"dropped file":   func(t *testing.T) { must(t)(os.Open(os.Args[0])) },
		"in a subtest": func(t *testing.T) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				start(t, exec.Command("sleep", "60"))
			})
		},
	})
	plays["somebody else's file"] = func(t *testing.T) {
		// What counts as somebody else is a process from before the check.
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		holder := exec.Command("sh", "-c", `exec 4>"$0" && echo ready && read line`, filepath.Join(os.TempDir(), "multiproc-held"))
		holder.Stdin = r
		wrote, err := holder.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start(t, holder)
		must(t)(wrote.Read(make([]byte, 1)))
		// Its file comes after the check.
		held, later := filepath.Join(os.TempDir(), "multiproc-held"), filepath.Join(os.TempDir(), "later")
		if err := os.Rename(held, later); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			w.Close()
			r.Close()
			_ = holder.Wait() // read fails at the end of the input
			os.Remove(held)
		})
		checkLeaks(t, briefly)
		if err := os.Rename(later, held); err != nil {
			t.Error(err)
		}
	}
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, cmd)
}

// orphan leaves a sleeper whose parent has ended.
func orphan(t *testing.T, env []string) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 60 </dev/null >/dev/null 2>&1 &")
	cmd.Env = env
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

// zombie leaves a child that has ended and that nobody waits for.
func zombie(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("true")
	cmd.ExtraFiles = []*os.File{w}
	start(t, cmd)
	w.Close()
	io.Copy(io.Discard, r) // its end closed the pipe
}

func TestCheckLeaksTellsEachKindOfTheHost(t *testing.T) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	testLeaks(t, map[string][]string{
		"child":          {"process ", ` left": it is a descendant`, "leak: killed process"},
		"detached child": {"process ", ` apart": it is a descendant`, "leak: killed process"},
		"program":        {`"sleep 60": it is a descendant`, "leak: killed process"},
		"orphan":         {`"sleep 60": it has this run's mark`, "leak: killed process"},
		"zombie":         {"zombie ", "(true): it has ended and nobody has waited for it"},
		"descriptor":     {": " + exe + "\n"},
		"dropped file":   {": " + exe + "\n"},
		"in a subtest":   {`"sleep 60": it is a descendant`},
	})
}

// A TestMain that has only called Init will do.
func TestCheckLeaksWithoutMain(t *testing.T) {
	t.Parallel()
	perform(t, "of its own", "clean").want(t, 0)
	perform(t, "of its own", "leaks orphan").want(t, 1, `"sleep 60": it has this run's mark`, "leak: killed process")
}

// A file in a directory that others use is theirs if they have it open.
func TestCheckLeaksOfOthers(t *testing.T) {
	t.Parallel()
	perform(t, "", "somebody else's file").want(t, 0)
}

// An orphan without the mark is guessed at, and spared. Two that guess at once
// would find the same.
func TestCheckLeaksGuesses(t *testing.T) {
	s := perform(t, "", "leaks bare orphan")
	s.want(t, 1, `"sleep 60": it is an orphan in this session`)
	for _, m := range regexp.MustCompile(`process (\d+), `).FindAllStringSubmatch(s.out, -1) {
		if pid, err := strconv.Atoi(m[1]); err != nil {
			t.Error(err)
		} else if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(s.out, "killed process") {
		t.Error("it killed on a guess")
	}
}
