package multiproc_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// aftermath strikes, and sees to it that everything goes that has to, and
// nothing else.
func (r *stormRound) aftermath() {
	was := stormMoment{r.look(), r.litter(), r.said(stormLives), r.said(stormStarted)}
	blow, struck := r.strikeNow(), stormTicks()
	if len(r.Problems) > 0 {
		return
	}
	r.Victims = fmt.Sprint(r.hit)
	var dead []string // paths of those that end by it
	for i, h := range r.blow {
		if h.deadly() && h.who != "tracker" {
			dead = append(dead, r.hit[i].path)
		}
	}
	killed := r.blow.has("tracker", syscall.SIGKILL)
	if killed {
		r.spareLost()
	}
	if !r.blow.stops() && len(dead) > 0 {
		r.Clean = r.await(blow, r.Blow, func() []string { return r.left(dead) })
	}
	if killed && !slices.Contains(dead, "") && !r.blow.has("root", syscall.SIGSTOP) {
		since := r.await(blow, "the tracker's successor", func() []string { return r.unknown(was.litter, struck, dead) })
		r.Clean = max(r.Clean, since)
	}
	if !r.blow.stops() {
		r.survivors(was.processes, dead)
		if !killed && !r.blow.asks() {
			r.asked(was, dead)
		}
	}
	r.finish(blow)
}

// A stormMoment is what there was before the blow.
type stormMoment struct {
	processes      map[int]stormProc
	litter         []stormLitter
	lives, started map[string]bool // see said
}

// spareLost spares what nobody knows any more: the tracker was killed, with
// those who had it, or they are stopped and can't tell another one. Without the
// root there is no other one. Who is asked to end may run out of time before there
// is another one.
func (r *stormRound) spareLost() {
	for i, h := range r.blow {
		switch {
		case h.who == "tracker":
		case h.sig == syscall.SIGKILL, h.who == "root" && h.sig == syscall.SIGSTOP:
			r.spare = append(r.spare, func(path string) bool { return stormUnder(path, r.hit[i].path) })
		case h.deadly():
			r.spare = append(r.spare, func(path string) bool {
				return path != "" && stormUnder(path, r.hit[i].path) && !r.said(stormEnded)[path]
			})
		case h.sig == syscall.SIGSTOP:
			r.spare = append(r.spare, func(path string) bool { return path == r.hit[i].path })
		}
	}
}

// survivors looks for those who live as long as the storm, unless they, or who
// has started them, have been hit.
func (r *stormRound) survivors(before map[int]stormProc, dead []string) {
	if slices.Contains(dead, "") {
		return
	}
	now := r.look()
	for pid, p := range before {
		if p.state == "Z" || !slices.Contains([]string{"root", "branch", "twig", "tracker"}, p.what) ||
			p.what == "tracker" && r.blow.has("tracker", syscall.SIGKILL) ||
			p.what != "tracker" && slices.ContainsFunc(dead, p.under) {
			continue
		}
		if q := now[pid]; q.stormKey != p.stormKey || q.state == "Z" {
			r.problem("%v is dead, by a blow to others", p)
		}
	}
	if len(dead) == 0 {
		for odd := range r.said(stormOdd) {
			r.problem("odd: %s", odd)
		}
	}
}

// asked looks for those who were killed without having been asked to end first,
// as they must be if whoever has started them was known to the tracker. Those
// who are told by the death of that one tell us.
func (r *stormRound) asked(was stormMoment, dead []string) {
	asked := r.said(stormAsked)
	for _, p := range was.processes {
		if !slices.ContainsFunc(dead, p.under) || slices.Contains(dead, p.path) || stormSlots[p.what] == nil ||
			!was.lives[p.path] || !was.started[strconv.Itoa(p.pid)] || asked[p.path] {
			continue
		}
		known := true
		for above := p.path; known && !slices.Contains(dead, above); {
			above = above[:strings.LastIndexByte(above, '/')]
			known = slices.ContainsFunc(was.litter, func(l stormLitter) bool { return l.path == above && l.number > 0 })
		}
		if known {
			r.problem("%v was not asked to end", p)
		}
	}
}

// unknown lists whose litter may not be known yet to a tracker that has
// replaced a killed one. Each registers without end, one after the other, and
// returns when the tracker knows: the second that is new was begun after the
// blow. Those started later than that had no other tracker to tell.
func (r *stormRound) unknown(litter []stormLitter, struck int64, dead []string) (list []string) {
	latest := func(all []stormLitter) map[string]int {
		m := map[string]int{}
		for _, l := range all {
			m[l.path] = max(m[l.path], l.number)
		}
		return m
	}
	was, now := latest(litter), latest(r.litter())
	for _, p := range r.look() {
		if start, _ := strconv.ParseInt(p.start, 10, 64); start > struck {
			continue
		}
		number, had := was[p.path]
		if !had {
			number = -1
		}
		if p.state != "Z" && p.state != "T" && (stormSlots[p.what] != nil || p.what == "keeper") && now[p.path] < number+2 && !slices.ContainsFunc(dead, p.under) {
			list = append(list, "unknown: "+p.String())
		}
	}
	return list
}

// finish kills the root, if it lives, and a tracker that is stopped goes on
// after that. Then everything has to go.
func (r *stormRound) finish(blow time.Time) {
	since := blow
	rootLives := func() bool {
		_, lives := r.look()[r.root]
		return lives
	}
	if rootLives() {
		since = time.Now()
		r.signalRoot(syscall.SIGKILL)
		for end := time.Now().Add(lifeNet); rootLives(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				r.problem("the root can't be killed")
				return
			}
		}
	}
	for i, h := range r.blow {
		if h.who == "tracker" && h.sig == syscall.SIGSTOP {
			since = time.Now()
			r.hit[i].signal(syscall.SIGCONT)
		}
	}
	took := r.await(since, "the end after "+r.Blow, func() []string {
		if !r.reap() {
			if list := r.left([]string{"", "?"}); len(list) > 0 {
				return list
			}
			return []string{"somebody"}
		}
		var names []string
		for _, l := range r.litter() {
			names = append(names, l.name())
		}
		return names
	})
	for late := range r.said(stormLate) {
		r.problem("late: %s", late)
	}
	if since != blow {
		r.End = took
	}
	if r.Clean == 0 {
		r.Clean = took
	}
}
