package multiproc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// A stormBlow is what happens to a storm: who is hit at once, by what.
type stormBlow []stormHit

type stormHit struct {
	who string // root, child, grandchild, tracker
	sig syscall.Signal
}

// stormWhats are what the victims call themselves.
var stormWhats = map[string]string{"root": "root", "child": "branch", "grandchild": "twig", "tracker": "tracker"}

func (b stormBlow) String() string {
	var parts []string
	for _, h := range b {
		parts = append(parts, h.who+" "+stormSignals[h.sig])
	}
	return strings.Join(parts, " + ")
}

var stormSignals = map[syscall.Signal]string{
	syscall.SIGKILL: "KILL", syscall.SIGTERM: "TERM", syscall.SIGINT: "INT", syscall.SIGSTOP: "STOP",
}

// kind names the victims, without what hits them.
func (b stormBlow) kind() string {
	var parts []string
	for _, h := range b {
		parts = append(parts, h.who)
	}
	return strings.Join(parts, "+")
}

// deadly reports whether the victim ends by that: the tracker is deaf, and a
// child leaves SIGINT to its parent.
func (h stormHit) deadly() bool {
	switch h.sig {
	case syscall.SIGKILL:
		return true
	case syscall.SIGTERM:
		return h.who != "tracker"
	case syscall.SIGINT:
		return h.who == "root" && !signal.Ignored(syscall.SIGINT)
	}
	return false
}

// finds reports whether the blow may hit p now: a child that does not live yet
// has not caught SIGINT, a tracker that has just been started is not deaf yet, and
// the death of either is no fault.
func (h stormHit) finds(p stormProc, lives bool) bool {
	if h.sig == syscall.SIGINT && (h.who == "child" || h.who == "grandchild") {
		return lives
	}
	if h.who != "tracker" || h.sig == syscall.SIGKILL || h.sig == syscall.SIGSTOP {
		return true
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	_, hex, _ := strings.Cut(string(status), "SigIgn:\t")
	var ignored uint64
	_, _ = fmt.Sscanf(hex, "%x", &ignored) // one that has gone ignores nothing
	return ignored&(1<<(h.sig-1)) != 0
}

func (b stormBlow) has(who string, sig syscall.Signal) bool {
	return slices.Contains(b, stormHit{who, sig})
}

func (b stormBlow) stops() bool {
	return slices.ContainsFunc(b, func(h stormHit) bool { return h.sig == syscall.SIGSTOP })
}

// asks reports whether somebody is hit that leaves in order then, and hands so
// little time down that it may be over before anything is said.
func (b stormBlow) asks() bool {
	return slices.ContainsFunc(b, func(h stormHit) bool { return h.deadly() && h.sig != syscall.SIGKILL })
}

// stormDeck returns what happens in one round after the other: everybody gets
// every signal, and every two of them are hit at once, SIGKILL being the most
// likely. Then it begins anew. only, if it isn't empty, picks one of them.
func stormDeck(seed uint64, only string) []stormBlow {
	rng := rand.New(rand.NewPCG(seed, 0))
	everybody := []string{"root", "child", "grandchild", "tracker"}
	all := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGSTOP}
	var deck []stormBlow
	for i, one := range everybody {
		for _, sig := range all {
			deck = append(deck, stormBlow{{one, sig}})
		}
		for _, other := range everybody[i+1:] {
			killed := stormBlow{{one, syscall.SIGKILL}, {other, syscall.SIGKILL}}
			mixed := stormBlow{{one, all[rng.IntN(len(all))]}, {other, all[rng.IntN(len(all))]}}
			deck = append(deck, killed, killed, mixed)
		}
	}
	if only != "" {
		deck = slices.DeleteFunc(deck, func(b stormBlow) bool { return b.String() != only })
	}
	rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}
