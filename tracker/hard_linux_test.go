package tracker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"multiproc"
	"multiproc/tracker"
)

// selfish is a kind whose clean-up needs what a tracker has not.
var selfish = tracker.NewKind("selfish", func(ctx context.Context, path string) error {
	registered := tracker.Dir.Register("/nowhere")
	_, started := child.Start(ctx, 0)
	text := fmt.Sprintf("%v\n%v\n%v %v", registered, started,
		errors.Is(registered, tracker.ErrNotInitialized), errors.Is(started, multiproc.ErrNotInitialized))
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
})

// horde starts programs and says their pids.
func init() {
	programs["horde"] = func() {
		if err := tracker.File.Register("/nowhere/at/all"); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		var n int
		for {
			if _, err := fmt.Scanln(&n); err != nil {
				return
			}
			for range n {
				// It does not hear SIGTERM, which comes with a grace.
				p, err := multiproc.StartCommand(context.Background(), exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 1; done"), multiproc.Options{})
				if err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				fmt.Println(p.PID())
			}
			fmt.Println(tracker.File.Register("/nowhere/at/all")) // the tracker knows of what came before
		}
	}
	programs["selfish"] = func() {
		fmt.Println(selfish.Register(os.Args[1]))
		_, _ = os.Stdin.Read(make([]byte, 1))
	}
}

// A clean-up that registers or starts something is refused, and told why.
func TestCleanUpWithinTheTracker(t *testing.T) {
	t.Parallel()
	note := filepath.Join(t.TempDir(), "note")
	p := start(t, "selfish", note)
	if got := p.line(); got != "<nil>" {
		t.Fatal(got)
	}
	p.kill()
	text := awaitFile(t, note)
	for _, part := range []string{"this process is the tracker", "a clean-up of package tracker can't start processes", "true true"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
	if strings.Contains(text, "call multiproc.Main") {
		t.Errorf("it is told what does not help: %s", text)
	}
}

// The command line of the root, which the tracker is told, may be longer than
// what a socket holds.
func TestLongCommandLine(t *testing.T) {
	t.Parallel()
	p := start(t, "owner", slices.Repeat([]string{strings.Repeat("a", 1000)}, 1000)...)
	dir := makeDir(t)
	p.do("dir " + dir)
	p.kill()
	awaitGone(t, dir)
}

// A tracker that has no room for more descriptors harms nobody: what it can't
// hold dies with its owner, at once, and what it has known before is answered.
func TestTrackerOutOfDescriptors(t *testing.T) {
	t.Parallel()
	p := start(t, "horde")
	if got := p.line(); got != "ready" {
		t.Fatal(got)
	}
	pid := trackerOf(t, p.cmd.Process.Pid)
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	limit := syscall.Rlimit{Cur: uint64(len(fds)) + 3, Max: 1 << 10} // two of them for the line
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	const many = 12
	p.tell(fmt.Sprint(many))
	var pids []string
	for range many {
		pids = append(pids, p.line())
	}
	t.Cleanup(func() {
		for _, pid := range pids {
			if n, err := strconv.Atoi(pid); err == nil && t.Failed() {
				_ = syscall.Kill(-n, syscall.SIGKILL)
			}
		}
	})
	if got := p.line(); got != "<nil>" {
		t.Errorf("what it knows: %s", got)
	}
	if again := trackerOf(t, p.cmd.Process.Pid); again != pid {
		t.Error("another one has taken its place")
	}
	p.kill()
	for _, pid := range pids {
		awaitDead(t, pid)
	}
}

// awaitDead waits until a process has ended, whoever is to wait for it.
func awaitDead(t *testing.T, pid string) {
	t.Helper()
	awaitGoneOr(t, "/proc/"+pid, func() bool {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
