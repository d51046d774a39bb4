package line

import (
	"encoding/binary"
	"io"
	"sync/atomic"
	"time"

	"multiproc/internal/sys"
)

// A Line is the pool's end.
type Line struct {
	t    transport
	page *page
	in   reader
	out  []byte // put, and not sent yet
	at   int    // what of out is sent

	put  atomic.Uint64 // tasks
	got  atomic.Uint64 // outcomes
	sent uint64        // bytes
	ends []uint64      // where in the stream each task ends that has no outcome,
	head int           // from here on
	tail uint64        // where the last one ends

	back span // tasks that were taken back, and are not answered yet

	left struct { // of the outbox of a dead worker
		rest []byte
		next uint64 // the number of its first outcome
		open bool
	}

	tasks, outcomes bulk
	lent            bool // an outcome in the bulk may be looked at

	dead atomic.Bool
}

func newLine(t transport, p *page) *Line {
	l := &Line{t: t, page: p}
	l.tasks, l.outcomes = p.bulks()
	return l
}

// Buffer returns a place for the argument of the next Put, which may be told so
// but need not lie there.
func (l *Line) Buffer() []byte {
	l.took()
	return l.tasks.buffer(l.got.Load())
}

// Put adds a task, to be sent by Flush or Next. A deadline of zero is none.
func (l *Line) Put(arg []byte, deadline time.Time) {
	l.took()
	before := len(l.out)
	kind, size := byte(plain), len(arg)
	where, there := l.tasks.place(arg, l.put.Load(), l.got.Load())
	if there {
		kind, arg, size = inBulk, where, len(where)
	}
	if deadline.IsZero() || deadline.Year() >= 2262 { // what a count of ns can say
		l.out = appendHead(l.out, kind|plain, size)
	} else {
		l.out = appendHead(l.out, kind|timed, 8+size)
		l.out = binary.LittleEndian.AppendUint64(l.out, uint64(deadline.UnixNano()))
	}
	l.out = append(l.out, arg...)
	l.tail += uint64(len(l.out) - before)
	l.ends = append(l.ends, l.tail)
	l.put.Add(1)
}

// InFlight is how many tasks were put and have no outcome yet, also of those that
// were taken back.
func (l *Line) InFlight() int { return int(l.put.Load() - l.got.Load()) }

// Flush sends what there is room for.
func (l *Line) Flush() error {
	for l.at < len(l.out) {
		n, err := l.t.send(l.out[l.at:])
		l.at += n
		l.sent += uint64(n)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
	l.out, l.at = l.out[:0], 0
	if cap(l.out) > 1<<20 {
		l.out = nil
	}
	return nil
}

// Ready returns the next outcome if it is here already.
func (l *Line) Ready() (Outcome, bool) {
	l.took()
	for {
		kind, payload, ok := l.in.next()
		if !ok {
			return Outcome{}, false
		}
		if !l.recalled() {
			return l.outcome(kind, payload), true
		}
		l.answered()
	}
}

func (l *Line) outcome(kind byte, payload []byte) Outcome {
	l.answered()
	if kind&inBulk != 0 {
		data, err := l.outcomes.at(payload)
		if err != nil {
			return Outcome{Kind: Broken}
		}
		l.lent = true
		kind, payload = kind&^inBulk, data
	}
	return Outcome{Kind(kind), payload}
}

// took lets the worker have the bulk again once the outcome that was in it is no
// longer looked at.
func (l *Line) took() {
	if l.lent {
		l.lent = false
		l.page.words[wordTaken].Store(l.got.Load())
	}
}

func (l *Line) answered() {
	l.got.Add(1)
	l.head++
	switch {
	case l.head == len(l.ends):
		l.ends, l.head = l.ends[:0], 0
	case l.head == 1024: // it may never be empty
		l.ends, l.head = l.ends[:copy(l.ends, l.ends[l.head:])], 0
	}
}

// Next sends, and returns the next outcome when it has come; ErrInterrupted
// after Interrupt, io.EOF when the worker has closed its end.
func (l *Line) Next() (Outcome, error) {
	for {
		if o, ok := l.Ready(); ok {
			return o, nil
		}
		if l.InFlight() == 0 {
			return Outcome{}, io.ErrNoProgress
		}
		// Nothing that has not arrived as a whole can be answered, and the
		// worker reads all that was sent before it waits for anything else.
		// So there is one thing to wait for at a time.
		if err := l.Flush(); err != nil {
			return Outcome{}, err
		}
		if l.ends[l.head] > l.sent {
			if err := l.t.awaitRoom(); err != nil {
				return Outcome{}, err
			}
			continue
		}
		n, err := l.t.recv(l.in.room())
		if err != nil {
			return Outcome{}, err
		}
		l.in.took(n)
	}
}

// Interrupt makes Next return, now and whenever it would wait, until Resume.
func (l *Line) Interrupt() { l.t.interrupt(true) }

// Resume ends that, unless the worker is dead.
func (l *Line) Resume() {
	l.t.interrupt(false)
	if l.dead.Load() {
		l.t.interrupt(true)
	}
}

// Died tells that the worker is dead: there is nothing to wait for any more.
func (l *Line) Died() {
	l.dead.Store(true)
	l.t.interrupt(true)
}

// Cancel ends the tasks that were put so far: those that have not begun never
// do, and the ctx of the running one ends.
func (l *Line) Cancel() {
	l.t.cancel(binary.LittleEndian.AppendUint64(nil, l.put.Load()))
}

// Begun is how many tasks the worker has begun.
func (l *Line) Begun() uint64 { return l.page.words[wordBegun].Load() &^ recall }

// Busy reports whether the worker has begun a task whose outcome has not come.
func (l *Line) Busy() bool { return l.Begun() > l.got.Load() }

// Running is for how long the task that runs does so; zero if none does.
func (l *Line) Running() time.Duration {
	since := l.page.words[wordSince].Load()
	if since == 0 {
		return 0
	}
	return max(1, sys.Monotonic()-time.Duration(since))
}

// Progress changes whenever a task begins or an outcome arrives.
func (l *Line) Progress() uint64 { return l.Begun() + l.got.Load() }

// End lets the worker leave once it has nothing to do. It may be called at any
// time.
func (l *Line) End() { l.t.end() }

// Close gives up the line. Nothing else but End may be called after it, or beside
// it.
func (l *Line) Close() {
	l.t.close()
	l.page.close()
}
