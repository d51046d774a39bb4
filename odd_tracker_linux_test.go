package multiproc_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// oddOpen lists what a process has open, by number.
func oddOpen(t *testing.T, pid int) map[string]string {
	t.Helper()
	open := map[string]string{}
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if open[filepath.Base(name)], err = os.Readlink(name); err != nil {
			t.Fatal(err)
		}
	}
	return open
}

// oddOwn is what a tracker lives by. The runtime looks at its cgroup's limits.
var oddOwn = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(socket:|pipe:|anon_inode:\[(pidfd|eventpoll|eventfd)\]|/sys/fs/cgroup/.*|/dev/null|pidfd:.*)`)
})

// Whatever the program has open, its tracker has none of it, and a session and
// a directory of its own.
func TestTrackerHasItsOwn(t *testing.T) {
	t.Parallel()
	stray, err := os.Create(filepath.Join(t.TempDir(), "stray"))
	if err != nil {
		t.Fatal(err)
	}
	defer stray.Close()
	o := startOwnerIn(t, func(cmd *exec.Cmd) { cmd.ExtraFiles = slices.Repeat([]*os.File{stray}, 100) }, "listens", "program")
	pid := o.tracker()
	if n := strings.Count(fmt.Sprint(oddOpen(t, o.cmd.Process.Pid)), stray.Name()); n != 100 {
		t.Fatalf("the program has %d strays", n)
	}
	theirs := oddOpen(t, o.cmd.Process.Pid)
	for fd, what := range oddOpen(t, pid) {
		standard := fd == "0" || fd == "1" || fd == "2"
		if !oddOwn().MatchString(what) || standard != (what == "/dev/null") {
			t.Errorf("%s is %s", fd, what)
		}
		if what == theirs["0"] || what == theirs["1"] {
			t.Errorf("%s is one of the program's streams", fd)
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	if session := fields[3]; session != strconv.Itoa(pid) {
		t.Errorf("its session is %s", session)
	}
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); dir != "/" || err != nil {
		t.Errorf("its directory is %s, %v", dir, err)
	}
	o.kill()
	o.clean(ownerBound)
}
