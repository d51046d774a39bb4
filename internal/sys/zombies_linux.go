package sys

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// GroupLives reports whether anybody runs in the group. A zombie is in it too
// until its parent has waited for it, which the first process of a container
// often never does; but there is nothing left to end.
func (p *Proc) GroupLives() bool {
	if p.SignalGroup(0) != nil {
		return false
	}
	runs, found := membersOf(p.PID)
	if !found { // a /proc of other processes, or none; or they have gone meanwhile
		return p.SignalGroup(0) == nil
	}
	return runs
}

// membersOf looks for processes of a group, and for one that runs.
func membersOf(group int) (runs, found bool) {
	proc, err := os.Open("/proc")
	if err != nil {
		return false, false
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue
		}
		// From the third on, see proc_pid_stat(5): the second is a name, with anything in it.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		const state, pgrp, threads = 0, 2, 17 // 3, 5 and 20 there
		if len(fields) <= threads || fields[pgrp] != strconv.Itoa(group) {
			continue
		}
		found = true
		if dead := fields[state] == "Z" || fields[state] == "X"; !dead || fields[threads] != "1" { // its first thread may have ended before the others
			return true, true
		}
	}
	return false, found
}
