package multiproc

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"

	"multiproc/internal/sys"
)

// oomKills counts the processes of this machine that the kernel killed for
// memory, as far as this process has looked; for the first time when it starts
// its first child.
var oomKills struct {
	sync.Mutex
	first sync.Once
	seen  int64
}

func watchOOMKills() { oomKills.first.Do(func() { oomHappened() }) }

// statusOf turns what the kernel says into what users see.
func statusOf(exit sys.Exit, l *life) ExitStatus {
	s := ExitStatus{
		Ended: true, Lost: exit.Lost, Code: exit.Code, Signal: exit.Signal, CoreDumped: exit.CoreDumped,
		UserTime: exit.User, SystemTime: exit.Sys, MaxRSS: exit.MaxRSS,
	}
	if s.Lost {
		s.Code = -1
	}
	if s.Signal == syscall.SIGKILL && !l.wasKilled() {
		s.OutOfMemory = oomHappened()
	}
	return s
}

// oomHappened reports whether the kernel killed somebody for memory since the
// last time that this process looked. A wait status only says SIGKILL.
func oomHappened() bool {
	oomKills.Lock()
	defer oomKills.Unlock()
	now := countOOMKills()
	more := now > oomKills.seen
	oomKills.seen = now
	return more
}

// countOOMKills reads oom_kill of /proc/vmstat, see proc_vmstat(5); zero where
// there is none.
func countOOMKills() int64 {
	data, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(data, []byte("\noom_kill "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, _ := strconv.ParseInt(string(line), 10, 64)
	return n
}
