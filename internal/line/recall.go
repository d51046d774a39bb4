package line

// A span is the numbers from first on, and before end.
type span struct{ first, end uint64 }

// recall is a bit of wordBegun. The pool flips it once it has said in wordBack what
// is not to begin: who has looked there before finds the word changed, and looks
// again. One flip at a time is enough, as the next has to wait for the answers.
const recall = 1 << 63

// claim takes the next task for the worker, unless the pool has taken it back.
// Tasks are counted from one.
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

// Recall takes back the tasks that the worker has not begun, which are the last n
// that were put: it never begins them, and nobody hears of them again. It does
// nothing until the worker has answered to an earlier Recall.
func (l *Line) Recall() (n int) {
	put, got := l.put.Load(), l.got.Load()
	if l.Recalling() {
		return 0
	}
	l.page.words[wordBack].Store(put)
	begun := &l.page.words[wordBegun]
	was := begun.Load()
	for !begun.CompareAndSwap(was, was^recall) {
		was = begun.Load()
	}
	first := max(was&^recall, got)
	if first >= put {
		return 0
	}
	l.back = span{first, put}
	return int(put - first)
}

// Recalling reports whether the worker has not answered to a Recall yet.
func (l *Line) Recalling() bool { return l.got.Load() < l.back.end }

// recalled reports whether the next outcome is of a task that was taken back.
func (l *Line) recalled() bool {
	got := l.got.Load()
	return l.back.first <= got && got < l.back.end
}
