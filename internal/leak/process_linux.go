package leak

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A process as /proc/PID/stat tells of it.
type process struct {
	pid, ppid, session int
	state              byte
	start              uint64 // in clock ticks since boot
	comm               string
}

// procKey tells a process from a later one with its number.
type procKey struct {
	pid   int
	start uint64
}

func (p process) key() procKey { return procKey{p.pid, p.start} }

// processes lists all that can be seen, in no order.
func processes() []process {
	dirs, _ := filepath.Glob("/proc/[1-9]*")
	list := make([]process, 0, len(dirs))
	for _, d := range dirs {
		pid, err := strconv.Atoi(filepath.Base(d))
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			list = append(list, p)
		}
	}
	return list
}

func readProcess(pid int) (process, bool) {
	data, err := os.ReadFile(procPath(pid, "stat"))
	if err != nil {
		return process{}, false // it has ended meanwhile
	}
	return parseStat(string(data))
}

// parseStat reads a line of proc_pid_stat(5). The name stands in brackets and
// may hold brackets and spaces itself.
func parseStat(line string) (p process, ok bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return p, false
	}
	const stateAt, ppidAt, sessionAt, startAt = 0, 1, 3, 19 // fields 3, 4, 6, 22
	f := strings.Fields(line[end+1:])
	if len(f) <= startAt {
		return p, false
	}
	var errs [4]error
	p.pid, errs[0] = strconv.Atoi(strings.TrimSpace(line[:open]))
	p.ppid, errs[1] = strconv.Atoi(f[ppidAt])
	p.session, errs[2] = strconv.Atoi(f[sessionAt])
	p.start, errs[3] = strconv.ParseUint(f[startAt], 10, 64)
	p.state, p.comm = f[stateAt][0], line[open+1:end]
	return p, errs == [4]error{}
}

func procPath(pid int, name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }

// environ is the environment that p was started with; nil where it can't be
// read, or there is none.
func (p process) environ() [][]byte {
	data, _ := os.ReadFile(procPath(p.pid, "environ"))
	data = bytes.TrimRight(data, "\x00")
	if len(data) == 0 {
		return nil
	}
	return bytes.Split(data, []byte{0})
}

// exe is the file that p runs, empty where it can't be told.
func (p process) exe() string {
	path, _ := os.Readlink(procPath(p.pid, "exe"))
	return path
}

// command is p's command line, or its name when it has none.
func (p process) command() string {
	data, _ := os.ReadFile(procPath(p.pid, "cmdline"))
	if len(data) == 0 {
		return p.comm
	}
	return string(bytes.ReplaceAll(bytes.TrimRight(data, "\x00"), []byte{0}, []byte{' '}))
}
