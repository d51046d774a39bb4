package leak

import (
	"bytes"
	"fmt"
	"os"
)

// lineage is by what this process knows its own.
type lineage struct {
	process
	mark    string // empty: there is none
	program string // the file that this process runs
	env     [][]byte
	reapers map[int]bool // who may adopt orphans of ours
}

// A leftover is a process that should have ended.
type leftover struct {
	process
	why  string
	sure bool // it can't be anybody else's
}

func (l leftover) String() string {
	if l.state == 'Z' {
		return fmt.Sprintf("zombie %d (%s): it has ended and nobody has waited for it", l.pid, l.comm)
	}
	return fmt.Sprintf("process %d, %q: %s (its parent is %d)", l.pid, l.command(), l.why, l.ppid)
}

func newLineage(mark string, all []process) lineage {
	byPID := map[int]process{}
	for _, p := range all {
		byPID[p.pid] = p
	}
	us := lineage{process: byPID[os.Getpid()], mark: mark, reapers: map[int]bool{1: true}}
	us.program, us.env = us.exe(), us.environ()
	for p, ok := byPID[us.ppid]; ok; p, ok = byPID[p.ppid] {
		if p.session != us.session { // a subreaper, if anything, and no shell of ours
			us.reapers[p.pid] = true
		}
	}
	return us
}

// claim tells whether p, which started after us, is ours.
func (us lineage) claim(p process, byPID map[int]process) (leftover, bool) {
	env := p.environ()
	switch {
	case p.state == 'X', p.state == 'Z' && p.ppid != us.pid: // somebody else has to wait for it
		return leftover{}, false
	case us.descends(p, byPID):
		return leftover{p, "it is a descendant", true}, true
	case us.mark != "" && marked(env, us.mark):
		return leftover{p, "it has this run's mark in its environment", true}, true
	case !us.reapers[p.ppid] || marked(env, ""):
		return leftover{}, false
	case us.program != "" && p.exe() == us.program:
		return leftover{p, "it is an orphan that runs this very program", false}, true
	case p.session == us.session && us.estranged(env):
		return leftover{p, "it is an orphan in this session with an environment of its own", false}, true
	}
	return leftover{}, false
}

func (us lineage) descends(p process, byPID map[int]process) bool {
	// Bounded, for the list was not made in one moment and may have rings.
	for range len(byPID) {
		if p.ppid == us.pid {
			return true
		}
		var ok bool
		if p, ok = byPID[p.ppid]; !ok {
			break
		}
	}
	return false
}

// marked tells whether env has the given mark, or any when it is empty.
func marked(env [][]byte, mark string) bool {
	for _, v := range env {
		if marks, ok := bytes.CutPrefix(v, []byte(MarkEnv+"=")); ok && bytes.Contains(marks, []byte(mark)) {
			return true
		}
	}
	return false
}

// estranged tells whether env lacks most of what whoever runs in this session
// has inherited: other jobs of the same shell have it, a child that was given
// an environment without the mark has not.
func (us lineage) estranged(env [][]byte) bool {
	has := map[string]bool{}
	for _, v := range env {
		has[string(v)] = true
	}
	shared := 0
	for _, v := range us.env {
		if has[string(v)] {
			shared++
		}
	}
	return 2*shared < len(us.env)
}
