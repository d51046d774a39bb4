package line

import (
	"errors"
	"io"
)

// Lost reports, of a dead worker whose outcomes were read to the end, whether the
// oldest task without one had begun.
func (l *Line) Lost() bool { return l.Busy() }

// Salvage returns what a dead worker has left behind, one outcome each time,
// until there are no more.
func (l *Line) Salvage() (Outcome, bool) {
	for l.InFlight() > 0 {
		if o, ok := l.Ready(); ok {
			return o, true
		}
		n, err := l.t.recvNow(l.in.room())
		if n > 0 {
			l.in.took(n)
			continue
		}
		if err == nil || errors.Is(err, io.EOF) || l.page.outbox != nil {
			return l.salvagePage()
		}
		break
	}
	return Outcome{}, false
}

// salvagePage returns the next outcome from the outbox. What is in there may
// have been received as well: the worker empties it after it has sent.
func (l *Line) salvagePage() (Outcome, bool) {
	left := &l.left
	if !left.open {
		filled := min(l.page.words[wordFilled].Load(), uint64(len(l.page.outbox)))
		left.rest, left.next, left.open = l.page.outbox[:filled], l.page.words[wordFirst].Load(), true
	}
	for {
		kind, payload, rest, _, ok := cutFrame(left.rest)
		if !ok {
			return Outcome{}, false
		}
		number := left.next
		left.rest, left.next = rest, number+1
		switch {
		case number != l.got.Load():
		case l.recalled():
			l.answered()
		default:
			return l.outcome(kind, payload), true
		}
	}
}
