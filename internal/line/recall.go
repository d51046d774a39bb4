package line

import "runtime"

// A span is the numbers, from zero, from first on and before end.
type span struct{ first, end uint64 }

// recall is a bit of wordBegun, which the pool flips once it has said in wordBack
// how far nothing is to begin. A worker that looked at wordBack before that finds
// wordBegun changed when it claims a task, and looks again. It can't be changed
// back by then: a Recall that takes the task back has to be answered before the
// next one, and one that does not has found it begun.
const recall = 1 << 63

// canRecall is false where Go's compare-and-swap of 64 bits may be a lock of one
// process alone.
const canRecall = runtime.GOARCH != "arm" && runtime.GOARCH != "mips" && runtime.GOARCH != "mipsle"

// claim takes a task, counted from one, for the worker, unless the pool has taken
// it back.
func (p *page) claim(task uint64) bool {
	begun := &p.words[wordBegun]
	for {
		was := begun.Load()
		if task <= p.words[wordBack].Load() {
			return false
		}
		if begun.CompareAndSwap(was, task|was&recall) {
			return true
		}
	}
}

// Recall takes back tasks that the worker has not begun, which are the last n that
// were put: it never begins them, and nobody hears of them again. Those that were
// sent are left as long as an earlier Recall is not answered, or half of a large
// one would have to be sent for nothing.
func (l *Line) Recall() (n int) {
	n = l.unput()
	if l.Recalling() || !canRecall || len(l.out)-l.at > 64<<10 {
		return n
	}
	put, got := l.put.Load(), l.got.Load()
	l.page.words[wordBack].Store(put)
	begun := &l.page.words[wordBegun]
	was := begun.Load()
	for !begun.CompareAndSwap(was, was^recall) {
		was = begun.Load()
	}
	// Tasks that were passed over have an outcome, but have not begun.
	first := max(was&^recall, got)
	if first >= put {
		return n
	}
	l.back = span{first, put}
	return n + int(put-first)
}

// unput takes back the tasks behind the first one of which nothing was sent.
func (l *Line) unput() (n int) {
	last := len(l.ends) - 1
	for last > l.head && l.ends[last-1] >= l.sent {
		last--
		n++
	}
	if n > 0 {
		l.ends = l.ends[:last+1]
		l.out = l.out[:len(l.out)-int(l.tail-l.ends[last])]
		l.tail = l.ends[last]
		l.put.Add(-uint64(n))
	}
	return n
}

// Recalling reports whether the worker has not answered to a Recall yet.
func (l *Line) Recalling() bool { return l.got.Load() < l.back.end }

// recalled reports whether the next outcome is of a task that was taken back.
func (l *Line) recalled() bool {
	got := l.got.Load()
	return l.back.first <= got && got < l.back.end
}
