package multiproc_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// said lists what processes have told of one kind.
func (r *stormRound) said(what string) map[string]bool {
	list := map[string]bool{}
	text, _ := os.ReadFile(r.base + ".log")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, what+" "); ok {
			list[strings.TrimSpace(rest)] = true
		}
	}
	return list
}

// newborn reports whether whoever has started a process died before Start had
// returned: a program is tied to no life yet then, and neither is a function
// that has stopped itself before it heard of the death. That is a known limit.
func (r *stormRound) newborn(p stormProc) bool {
	return p.ppid == os.Getpid() && !r.said(stormStarted)[strconv.Itoa(p.group)] &&
		slices.Contains([]string{"program", "unmarked", "copy", "stopped", "execer", "closer"}, p.what)
}
