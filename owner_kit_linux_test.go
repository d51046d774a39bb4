package multiproc_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc/internal/sys"
)

// An ownerRun is a running ownerProgram.
type ownerRun struct {
	t     *testing.T
	cmd   *exec.Cmd
	base  string
	owned map[int]uint64 // pid and start time of what it has started
	in    *os.File
	out   *bufio.Scanner
}

func startOwner(t *testing.T, kinds ...string) *ownerRun {
	t.Helper()
	return startOwnerIn(t, func(*exec.Cmd) {}, kinds...)
}

// startOwnerIn starts it in a place that place makes of its command.
func startOwnerIn(t *testing.T, place func(cmd *exec.Cmd), kinds ...string) *ownerRun {
	t.Helper()
	o := &ownerRun{t: t, base: filepath.Join(t.TempDir(), "mark"), owned: map[int]uint64{}}
	if err := os.Mkdir(o.base+"dir", 0o700); err != nil {
		t.Fatal(err)
	}
	o.cmd = programCommand(t, ownerProgram, append([]string{o.base}, kinds...)...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	o.in = in
	o.cmd.Stdin, o.cmd.Stdout, o.cmd.Stderr = stdin, w, os.Stderr
	place(o.cmd)
	err = startClean(o.cmd)
	w.Close()
	stdin.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if o.cmd.ProcessState == nil {
			_ = o.cmd.Process.Kill()
			_ = o.cmd.Wait()
		}
		r.Close()
		in.Close()
		for pid := range o.left() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // the test has failed by now
		}
	})
	expect := map[string]int{"program": 3, "has a program": 4, "has a child": 2, "by os/exec": 2}
	missing := 1 // ready
	for _, kind := range kinds {
		missing += max(1, expect[kind])
	}
	o.out = bufio.NewScanner(r)
	for ; missing > 0 && o.out.Scan(); missing-- {
		if number, ok := strings.CutPrefix(o.out.Text(), "owned "); ok {
			pid, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			if o.owned[pid], err = sys.StartTime(pid); err != nil {
				t.Fatal(err)
			}
		}
	}
	if missing > 0 {
		t.Fatalf("%d lines are missing: %v", missing, o.out.Err())
	}
	return o
}

// probe waits until there is a tracker that has been told everything.
func (o *ownerRun) probe() {
	o.t.Helper()
	fmt.Fprintln(o.in, o.base+"probe")
	if !o.out.Scan() || o.out.Text() != "probed" {
		o.t.Fatalf("%q, %v", o.out.Text(), o.out.Err())
	}
}

// left are those that have not ended: a zombie of init's has.
func (o *ownerRun) left() map[int]string {
	left := map[int]string{}
	for pid, start := range o.owned {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		now, _ := sys.StartTime(pid)
		if err == nil && now == start && !strings.Contains(string(stat), ") Z ") {
			left[pid] = string(stat)
		}
	}
	return left
}

// clean waits until nothing is left, which takes no longer than the bound, and
// returns how long that was.
func (o *ownerRun) clean(bound time.Duration) time.Duration {
	o.t.Helper()
	start := time.Now()
	for {
		left := o.left()
		_, err := os.Stat(o.base + "dir")
		if len(left) == 0 && err != nil {
			return time.Since(start)
		}
		if time.Since(start) > bound {
			o.t.Errorf("after %v there are %v, directory: %v", bound, left, err)
			return 0
		}
		time.Sleep(time.Millisecond)
	}
}

// tracker returns the process that is this one's tracker.
func (o *ownerRun) tracker() int {
	o.t.Helper()
	pid := o.findTracker()
	if pid == 0 {
		o.t.Fatal("there is no tracker")
	}
	return pid
}

// findTracker returns it, zero if there is none now.
func (o *ownerRun) findTracker() int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", o.cmd.Process.Pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for pid := range strings.FieldsSeq(string(text)) {
			if cmdline, _ := os.ReadFile("/proc/" + pid + "/cmdline"); strings.HasSuffix(string(cmdline), "\x00tracker\x00") {
				number, err := strconv.Atoi(pid)
				if err != nil {
					o.t.Fatal(err)
				}
				return number
			}
		}
	}
	return 0
}

func (o *ownerRun) kill() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait() // it was killed
}
