package tracker_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"multiproc"
	"multiproc/mplog"
	"multiproc/tracker"
)

// notes is a kind whose resource is a file, into which its clean-up writes what
// it finds around it; how it ends is said by the name.
var notes = tracker.NewKind("note", func(ctx context.Context, path string) error {
	_, bounded := ctx.Deadline()
	session, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	var std []string
	for _, fd := range []string{"0", "1", "2"} {
		target, err := os.Readlink("/proc/self/fd/" + fd)
		if err != nil {
			return err
		}
		std = append(std, target)
	}
	f := strings.Fields(string(session))
	text := fmt.Sprintln(os.Getpid(), bounded, dir, strings.Join(std, ","), f[0] == f[5], multiproc.IsChild())
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	switch filepath.Base(path) {
	case "panics":
		panic("on purpose")
	case "fails":
		return errors.New("failed on purpose")
	}
	return nil
})

// obey registers and unregisters what it is told, line by line.
func obey() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		what, path, _ := strings.Cut(in.Text(), " ")
		var err error
		switch what {
		case "dir":
			err = tracker.Dir.Register(path)
		case "undir":
			err = tracker.Dir.Unregister(path)
		case "release":
			err = tracker.Dir.Release(context.Background(), path)
		case "file":
			err = tracker.File.Register(path)
		case "note":
			err = notes.Register(path)
		case "unnote":
			err = notes.Unregister(path)
		case "exit":
			code, _ := strconv.Atoi(path)
			os.Exit(code)
		case "leave":
			multiproc.Exit(0)
		}
		fmt.Println(err)
	}
}

var child = multiproc.NewFunc("child", func(context.Context, int) (int, error) {
	obey()
	return 0, nil
})

func init() {
	programs["owner"] = func() {
		mplog.LogToStderr(mplog.LevelWarning)
		obey()
	}
	programs["parent"] = func() {
		mplog.LogToStderr(mplog.LevelWarning)
		c, err := child.With(multiproc.Options{Stdin: os.Stdin, Name: "heir"}).Start(context.Background(), 0)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(c.PID())
		_ = c.Join(context.Background())
		multiproc.Exit(0)
	}
}

// do has a program do something that must succeed.
func (p *proc) do(what string) {
	p.t.Helper()
	p.tell(what)
	if got := p.line(); got != "<nil>" {
		p.t.Fatalf("%s: %s", what, got)
	}
}

// TESTS 107, 108: whatever way a process dies that runs none of its own code,
// what it has registered goes.
func TestOwnerDies(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"KILL", "os.Exit", "TERM"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := start(t, "owner")
			dir, note := makeDir(t), filepath.Join(t.TempDir(), "note")
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p.do("dir " + dir)
			p.do("file " + file)
			p.do("note " + note)
			switch how {
			case "KILL":
				p.kill()
			case "os.Exit":
				p.tell("exit 3")
				_ = p.cmd.Wait()
			case "TERM":
				_ = p.cmd.Process.Signal(syscall.SIGTERM)
				_ = p.cmd.Wait()
			}
			awaitGone(t, dir)
			awaitGone(t, file)
			f := strings.Fields(awaitFile(t, note))
			if len(f) != 6 || f[0] == strconv.Itoa(p.cmd.Process.Pid) {
				t.Fatalf("%q", f)
			}
			// The tracker has let go of everything, and leads a session.
			if want := []string{"true", "/", "/dev/null,/dev/null,/dev/null", "true", "true"}; !slices.Equal(f[1:], want) {
				t.Errorf("%q, want %q", f[1:], want)
			}
		})
	}
}

// What was unregistered, or released, is nobody's business any more.
func TestUnregistered(t *testing.T) {
	t.Parallel()
	p := start(t, "owner")
	kept, released, note := makeDir(t), makeDir(t), filepath.Join(t.TempDir(), "note")
	last := filepath.Join(t.TempDir(), "last")
	for _, what := range []string{"dir " + kept, "dir " + kept, "dir " + released, "note " + note, "undir " + kept, "release " + released, "unnote " + note, "note " + last} {
		p.do(what)
	}
	if _, err := os.Stat(released); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("released: %v", err)
	}
	p.tell("undir " + kept)
	if got := p.line(); !strings.Contains(got, tracker.ErrNotRegistered.Error()) {
		t.Errorf("unregistered twice: %s", got)
	}
	p.kill()
	awaitFile(t, last) // all of an owner's are cleaned up at once
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(note); err == nil {
		t.Error("the clean-up of an unregistered note ran")
	}
}

// TESTS 109-112, 118: the tracker is deaf; when it is killed another one knows
// all that it knew, and what is registered while nobody is there too.
func TestTrackerDies(t *testing.T) {
	t.Parallel()
	p := start(t, "owner")
	first, second, third := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2"), makeDir(t)
	p.do("note " + first)
	pid := trackerOf(t, p.cmd.Process.Pid)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
	}
	p.do("note " + second)
	if again := trackerOf(t, p.cmd.Process.Pid); again != pid {
		t.Fatalf("the tracker was %d, and is %d", pid, again)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.do("dir " + third)
	if again := trackerOf(t, p.cmd.Process.Pid); again == pid {
		t.Fatal("the tracker lives")
	}
	p.kill()
	awaitFile(t, first)
	awaitFile(t, second)
	awaitGone(t, third)
}

// A tracker that is stopped is replaced, too: registering does not hang.
func TestTrackerStopped(t *testing.T) {
	t.Parallel()
	p := start(t, "owner")
	note := filepath.Join(t.TempDir(), "note")
	p.do("note " + note)
	pid := trackerOf(t, p.cmd.Process.Pid)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for stopped := false; !stopped; { // a thread that runs may answer yet
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		stopped = strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " T")
	}
	p.do("dir " + makeDir(t))
	p.kill()
	awaitFile(t, note)
}

// Owners are counted, and a child's are told to its parent.
func TestHandOver(t *testing.T) {
	t.Parallel()
	p := start(t, "parent")
	pid, err := strconv.Atoi(p.line())
	if err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(t.TempDir(), "fails")
	p.do("note " + note)
	tracker := trackerOf(t, p.cmd.Process.Pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, note)
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	for _, part := range []string{
		"[WARNING/MainProcess] could not clean up what was left behind event=leaked", "kind=multiproc/tracker_test.note",
		"owner=heir", "pid=" + strconv.Itoa(pid), "tracker_linux_test.go:", `error="failed on purpose"`,
	} {
		if !strings.Contains(p.errs.String(), part) {
			t.Errorf("%q is not told:\n%s", part, p.errs)
		}
	}
	if err := syscall.Kill(tracker, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the tracker outlives the root: %v", err)
	}
}

// What is registered when the root leaves in order is a leak: it is cleaned up
// and told, before the log ends.
func TestLeakAtExit(t *testing.T) {
	t.Parallel()
	p := start(t, "owner")
	dir, note := makeDir(t), filepath.Join(t.TempDir(), "panics")
	p.do("dir " + dir)
	p.do("note " + note)
	p.tell("leave")
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for _, part := range []string{"cleaned up what was left behind event=leaked kind=multiproc/tracker.dir", "on purpose"} {
		if strings.Count(p.errs.String(), part) != 1 {
			t.Errorf("%q is not told once:\n%s", part, p.errs)
		}
	}
}

// trackerOf returns the tracker among the children of a process.
func trackerOf(t *testing.T, pid int) int {
	t.Helper()
	found := findTracker(pid)
	if found == 0 {
		t.Fatal("there is no tracker")
	}
	return found
}

// findTracker returns zero if there is none now.
func findTracker(pid int) int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for f := range strings.FieldsSeq(string(text)) {
			cmdline, _ := os.ReadFile("/proc/" + f + "/cmdline")
			if strings.HasSuffix(string(cmdline), "\x00tracker\x00") {
				found, _ := strconv.Atoi(f)
				return found
			}
		}
	}
	return 0
}
