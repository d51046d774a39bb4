package leak

import (
	"runtime"
	"strings"
)

// A goroutine as runtime.Stack tells of it.
type goroutine struct {
	id    string // never used twice in a process
	stack string // from its first line on
}

// goroutines lists all but the calling one. The runtime's own are not told of
// by runtime.Stack while they are idle.
func goroutines() []goroutine {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var list []goroutine
	for i, stack := range strings.Split(strings.TrimSpace(string(buf)), "\n\n") {
		rest, ok := strings.CutPrefix(stack, "goroutine ")
		id, _, _ := strings.Cut(rest, " ")
		if ok && i > 0 { // the first is the caller
			list = append(list, goroutine{id: id, stack: stack})
		}
	}
	return list
}

// harmless tells the one goroutine that the standard library starts at need and
// never ends, whatever a program does: the loop that hands out signals.
func (g goroutine) harmless() bool {
	return strings.Contains(g.stack, "\nos/signal.loop(")
}
