package multiproc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// stormBound is how long it may take until what had to go is gone.
const stormBound = stormGrace + time.Second

// stormMost is how many processes a storm may have before it is taken for a
// fork bomb: those that are dying, and another tracker, come on top of its 25.
const stormMost = 40

// A stormRound is one storm, from its start until nothing is left.
type stormRound struct {
	*stormWatcher
	stormScan
	rng  *rand.Rand
	mark string
	base string // where directories and files are made
	root int
	warm bool // all that can be is started warm
	blow stormBlow
	stormResult

	hit   []stormProc              // in the order of the blow
	spare []func(path string) bool // whose litter may stay
}

// run runs a round.
func (w *stormWatcher) run(i int) stormResult {
	r := &stormRound{
		stormWatcher: w, stormScan: stormScan{seen: map[stormKey]stormProc{}},
		rng: rand.New(rand.NewPCG(w.seed, uint64(i))), mark: fmt.Sprintf("storm-%d-%d", os.Getpid(), i),
		blow: w.deck[i%len(w.deck)],
	}
	r.base = filepath.Join(w.dir, r.mark)
	r.Round, r.Blow, r.Kind = i, r.blow.String(), r.blow.kind()
	if r.warm = r.rng.IntN(3) == 0; r.warm {
		r.Blow += ", with spares"
	}
	err := os.Mkdir(r.base, 0o700)
	if err == nil {
		err = w.spawn(r)
	}
	if err != nil {
		r.problem("start: %v", err)
		return r.stormResult
	}
	if r.strike() {
		r.aftermath()
	}
	r.sweepLitter()
	return r.stormResult
}

func (r *stormRound) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	if r.Log == "" {
		text, _ := os.ReadFile(r.base + ".log")
		r.Log = string(text[max(0, len(text)-4000):])
	}
}

// look lists the processes of the round.
func (r *stormRound) look() map[int]stormProc {
	r.reap()
	list := r.below(os.Getpid())
	if r.Most = max(r.Most, len(list)); len(list) > stormMost && len(r.Problems) == 0 {
		r.problem("%d processes", len(list))
	}
	return list
}

// strike lets the storm rage for a while and then hits the victims.
func (r *stormRound) strike() bool {
	for end := time.Now().Add(time.Duration(r.rng.IntN(250)) * time.Millisecond); time.Now().Before(end); {
		r.look()
		time.Sleep(min(20*time.Millisecond, time.Until(end)))
	}
	const net = 10 * time.Second // until there are such
	for end := time.Now().Add(net); !r.choose(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.problem("no victims: %v", r.look())
			return false
		}
	}
	return true
}

// choose chooses the victims, and reports whether there are any.
func (r *stormRound) choose() bool {
	list := r.look()
	lives := r.said(stormLives)
	r.hit = r.hit[:0]
	for _, h := range r.blow {
		var able []stormProc
		for _, p := range list {
			if p.what == stormWhats[h.who] && p.state != "Z" && (p.what != "root" || p.pid == r.root) && h.finds(p, lives[p.path]) {
				able = append(able, p)
			}
		}
		if len(able) == 0 {
			return false
		}
		slices.SortFunc(able, func(a, b stormProc) int { return a.pid - b.pid })
		r.hit = append(r.hit, able[r.rng.IntN(len(able))])
	}
	return true
}

// strikeNow sends the signals, as close to each other as can be.
func (r *stormRound) strikeNow() (when time.Time) {
	var held []*os.Process
	for _, p := range r.hit {
		proc := p.open()
		if proc == nil {
			r.problem("%v has gone by itself", p)
			continue
		}
		held = append(held, proc)
	}
	when = time.Now()
	if len(held) == len(r.blow) {
		for i, proc := range held {
			if err := proc.Signal(r.blow[i].sig); err != nil {
				r.problem("signal %v: %v", r.hit[i], err)
			}
		}
	}
	for _, proc := range held {
		_ = proc.Release()
	}
	return when
}

// left tells what there is below the paths: processes, litter.
func (r *stormRound) left(paths []string) (left []string) {
	within := func(path string) bool {
		return slices.ContainsFunc(paths, func(top string) bool { return stormUnder(path, top) })
	}
	for _, p := range r.look() {
		switch {
		case !within(p.path):
		case r.newborn(p):
			r.Newborn++
			p.signal(syscall.SIGKILL)
		default:
			left = append(left, p.String())
		}
	}
	for _, l := range r.litter() {
		if within(l.path) {
			left = append(left, l.name())
		}
	}
	return left
}

// litter lists what should not be there, or should go in time.
func (r *stormRound) litter() []stormLitter {
	return slices.DeleteFunc(stormLittered(r.base, r.mark), func(l stormLitter) bool {
		return slices.ContainsFunc(r.spare, func(spared func(string) bool) bool { return spared(l.path) })
	})
}

// sweepLitter removes what may be there still, so that no round is told of
// another one's.
func (r *stormRound) sweepLitter() {
	_ = os.RemoveAll(r.base)
	shm, _ := filepath.Glob("/dev/shm/" + r.mark + "_*")
	told, _ := filepath.Glob(r.base + ".*")
	for _, path := range append(shm, told...) {
		_ = os.Remove(path)
	}
}

// await waits until there is nothing left that it is told of.
func (r *stormRound) await(since time.Time, what string, left func() []string) time.Duration {
	pause := 3 * time.Millisecond
	for {
		start := time.Now()
		list := left()
		if len(list) == 0 {
			return time.Since(since)
		}
		if start.Sub(since) > stormBound {
			r.problem("%s: left after %v:\n\t\t%s", what, time.Since(since).Round(time.Millisecond), strings.Join(list, "\n\t\t"))
			return 0
		}
		time.Sleep(max(pause, time.Since(start))) // no more than half a processor
	}
}

func (r *stormRound) signalRoot(sig syscall.Signal) { _ = syscall.Kill(r.root, sig) }
