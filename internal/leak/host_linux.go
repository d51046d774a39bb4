package leak

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const shm = "/dev/shm"

// host is what the system knew of this process at one moment.
type host struct {
	us          lineage
	procs       map[procKey]bool
	descriptors map[int]string
	shmNames    []string
}

func takeHost(mark string) host {
	startPoller()
	h := host{
		procs:       map[procKey]bool{},
		descriptors: descriptors(),
		shmNames:    names(shm),
	}
	all := processes()
	h.us = newLineage(mark, all)
	for _, p := range all {
		h.procs[p.key()] = true
	}
	return h
}

func (h *host) hostLeaks(prefix string) []string {
	var leaks []string
	ours := map[int]bool{h.us.pid: true}
	for _, l := range h.leftover() {
		ours[l.pid] = true
		leaks = append(leaks, l.String())
	}
	outputs := testOutputs()
	now := descriptors()
	for _, n := range slices.Sorted(maps.Keys(now)) {
		// 0, 1 and 2 are always something; which, is for other tests to say.
		if target := now[n]; n > 2 && h.descriptors[n] != target && !outputs[target] {
			leaks = append(leaks, fmt.Sprintf("descriptor %d: %s", n, target))
		}
	}
	for _, n := range names(shm) {
		path := filepath.Join(shm, n)
		if !slices.Contains(h.shmNames, n) && strings.HasPrefix(n, prefix) && !heldByOthers(path, ours) {
			leaks = append(leaks, "shared memory "+describe(path))
		}
	}
	return leaks
}

// heldElsewhere tells whether path belongs to a process that is not ours.
func (h *host) heldElsewhere(path string) bool {
	ours := map[int]bool{h.us.pid: true}
	for _, l := range h.leftover() {
		ours[l.pid] = true
	}
	return heldByOthers(path, ours)
}

// leftover lists the processes that are ours and were not there before.
func (h *host) leftover() []leftover {
	all := processes()
	byPID := map[int]process{}
	for _, p := range all {
		byPID[p.pid] = p
	}
	var list []leftover
	for _, p := range all {
		if p.pid == h.us.pid || p.start < h.us.start || h.procs[p.key()] {
			continue
		}
		if l, ok := h.us.claim(p, byPID); ok {
			list = append(list, l)
		}
	}
	return list
}

// KillOurs ends the processes that are surely ours, so that a run that has
// failed does not disturb the next, nor keep its output open. Guesses are spared.
func (h *host) KillOurs(out io.Writer) {
	for _, l := range h.leftover() {
		if !l.sure || l.state == 'Z' {
			continue
		}
		p, err := os.FindProcess(l.pid) // a handle: the number can't be reused from here on
		if err != nil {
			continue
		}
		if now, ok := readProcess(l.pid); ok && now.key() == l.key() && p.Kill() == nil {
			fmt.Fprintf(out, "leak: killed process %d\n", l.pid)
		}
		p.Release() //nolint:errcheck // fails for a released handle only
	}
}
