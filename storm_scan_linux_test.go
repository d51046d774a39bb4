package multiproc_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A stormKey tells a process from a later one with its number.
type stormKey struct {
	pid   int
	start string
}

// A stormProc is a process of a round, as /proc tells of it.
type stormProc struct {
	stormKey
	ppid    int
	group   int
	state   string
	mark    string
	path    string // "?" where it can't be told
	what    string
	command string
}

func (p stormProc) String() string {
	return fmt.Sprintf("%d %s %q (%s at %q, below %d, started at %s)", p.pid, p.state, p.command, p.what, p.path, p.ppid, p.start)
}

// under reports whether the process belongs to what the one at path has
// started, or is that itself.
func (p stormProc) under(path string) bool { return stormUnder(p.path, path) }

func stormUnder(path, top string) bool {
	return path == top || strings.HasPrefix(path, top+"/")
}

// A stormScan remembers what it has seen: zombies have no environment.
type stormScan struct{ seen map[stormKey]stormProc }

// below lists all processes that descend from pid: in a watcher, which adopts
// orphans, those of its round and no others.
func (s *stormScan) below(pid int) map[int]stormProc {
	byParent := map[int][]stormProc{}
	dirs, _ := filepath.Glob("/proc/[1-9]*/stat")
	for _, stat := range dirs {
		if p, ok := stormRead(stat); ok {
			byParent[p.ppid] = append(byParent[p.ppid], p)
		}
	}
	list := map[int]stormProc{}
	var walk func(parent stormProc)
	walk = func(parent stormProc) {
		for _, p := range byParent[parent.pid] {
			if _, again := list[p.pid]; again {
				continue // the list was not made in one moment
			}
			p = s.identify(p, parent)
			list[p.pid] = p
			walk(p)
		}
	}
	walk(stormProc{stormKey: stormKey{pid: pid}, path: "?"})
	return list
}

func stormRead(stat string) (p stormProc, ok bool) {
	data, err := os.ReadFile(stat)
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if err != nil || open < 0 || end < open {
		return p, false // it has ended meanwhile
	}
	const stateAt, ppidAt, groupAt, startAt = 0, 1, 2, 19 // fields 3, 4, 5, 22 of proc_pid_stat(5)
	f := strings.Fields(string(data[end+1:]))
	if len(f) <= startAt {
		return p, false
	}
	p.pid, _ = strconv.Atoi(strings.TrimSpace(string(data[:open])))
	p.ppid, _ = strconv.Atoi(f[ppidAt])
	p.group, _ = strconv.Atoi(f[groupAt])
	p.state, p.start, p.command = f[stateAt], f[startAt], string(data[open+1:end])
	return p, true
}

// identify finds out whose a process is: by its environment, else by what is
// remembered, else by who has started it.
func (s *stormScan) identify(p, parent stormProc) stormProc {
	known := s.seen[p.stormKey]
	p.path, p.what = known.path, known.what
	if known.final() {
		p.mark, p.command = known.mark, known.command
		return p
	}
	if known.command != "" && p.state == "Z" {
		p.command = known.command
	}
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	marked, said := false, map[string]bool{}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		name, value, _ := strings.Cut(string(v), "=")
		if said[name] {
			continue // the first counts
		}
		said[name] = true
		switch name {
		case stormMark:
			marked, p.mark = true, value
		case stormPath:
			p.path = value
		case stormWhat:
			p.what = value
		}
	}
	if marked {
		if cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)); len(cmdline) > 0 {
			p.command = string(bytes.ReplaceAll(bytes.TrimRight(cmdline, "\x00"), []byte{0}, []byte{' '}))
		}
		if strings.HasSuffix(p.command, " tracker") {
			p.what = "tracker"
		}
	} else if known.what == "" {
		p.path, p.what = parent.path, "unmarked"
	}
	if stormSlots[p.what] != nil && p.what == parent.what {
		p.what = "copy" // of its parent, which has not come to exec
	}
	s.seen[p.stormKey] = p
	return p
}

// final reports whether a process will not be told as another one: it is not the
// copy of one that starts others, and does not start any itself.
func (p stormProc) final() bool {
	return p.mark != "" && p.what != "copy" && stormSlots[p.what] == nil
}

// stormTicks is the time that proc_pid_stat(5) tells a process's start in.
func stormTicks() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return math.MaxInt64
	}
	return now.Nano() / int64(10*time.Millisecond) // USER_HZ is 100 on all of Go's systems
}

// open holds a process, so that a signal can't hit another one which got its
// number. nil says that it is gone.
func (k stormKey) open() *os.Process {
	proc, err := os.FindProcess(k.pid)
	if err != nil {
		return nil
	}
	if p, ok := stormRead(fmt.Sprintf("/proc/%d/stat", k.pid)); !ok || p.start != k.start {
		_ = proc.Release()
		return nil
	}
	return proc
}

func (k stormKey) signal(sig syscall.Signal) {
	if proc := k.open(); proc != nil {
		_ = proc.Signal(sig) // gone is as good
		_ = proc.Release()
	}
}

// A stormLitter is a file or directory of a round.
type stormLitter struct {
	mark, path string
	number     int
}

func (l stormLitter) name() string {
	return fmt.Sprintf("%s_%s_%d", l.mark, strings.ReplaceAll(l.path, "/", "."), l.number)
}

// stormLittered lists what of a round there is in its directory and in
// /dev/shm.
func stormLittered(base, mark string) (list []stormLitter) {
	inBase, _ := filepath.Glob(filepath.Join(base, "*"))
	inShm, _ := filepath.Glob("/dev/shm/" + mark + "_*")
	for _, path := range append(inBase, inShm...) {
		f := strings.Split(filepath.Base(path), "_")
		l := stormLitter{mark: f[0], path: "?"}
		if len(f) == 3 {
			l.path = strings.ReplaceAll(f[1], ".", "/")
			l.number, _ = strconv.Atoi(f[2])
		}
		list = append(list, l)
	}
	return list
}
