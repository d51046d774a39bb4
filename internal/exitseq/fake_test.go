package exitseq

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A diary notes what happens, and when, in the time of a synctest bubble.
type diary struct {
	start time.Time
	mu    sync.Mutex
	lines []string
}

func newDiary() *diary { return &diary{start: time.Now()} }

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%v ", time.Since(d.start))+fmt.Sprintf(format, args...))
}

// check compares the diary with what it should be.
func (d *diary) check(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("what happened:\n%q\nwant:\n%q", d.lines, want)
	}
}

// A fakeChild is a child without a process.
type fakeChild struct {
	diary  *diary
	name   string
	daemon bool
	immune bool // kill does nothing to it
	grace  time.Duration
	obeys  time.Duration // it ends so long after it was asked; negative: never
	done   chan struct{}
	once   sync.Once
}

const deaf = time.Duration(-1)

func (d *diary) child(name string, daemon bool, obeys time.Duration) *fakeChild {
	return &fakeChild{diary: d, name: name, daemon: daemon, grace: 4 * time.Second, obeys: obeys, done: make(chan struct{})}
}

func (c *fakeChild) Name() string          { return c.name }
func (c *fakeChild) PID() int              { return 1 }
func (c *fakeChild) Daemon() bool          { return c.daemon }
func (c *fakeChild) Grace() time.Duration  { return c.grace }
func (c *fakeChild) Done() <-chan struct{} { return c.done }

func (c *fakeChild) AskToEnd(within time.Duration) {
	c.diary.note("ask %s within %v", c.name, within)
	if c.obeys != deaf {
		time.AfterFunc(c.obeys, c.end)
	}
}

func (c *fakeChild) Kill() error {
	c.diary.note("kill %s", c.name)
	if c.immune {
		return errors.New("not permitted")
	}
	c.end()
	return nil
}

func (c *fakeChild) end() { c.once.Do(func() { close(c.done) }) }

// endAfter lets the child end by itself.
func (c *fakeChild) endAfter(d time.Duration) *fakeChild {
	time.AfterFunc(d, c.end)
	return c
}

// A world is a Sequence over fake children.
type world struct {
	*diary
	*Sequence
	asked, skip chan struct{}
	children    []*fakeChild
	last        func() // what a finalizer of the last pass does
}

func newWorld() *world {
	d := newDiary()
	w := &world{diary: d, asked: make(chan struct{}), skip: make(chan struct{})}
	w.Sequence = &Sequence{
		Asked:    w.asked,
		Skip:     w.skip,
		Deadline: func() time.Time { return time.Time{} },
		Children: w.alive,
		Finalize: func(all bool) {
			d.note("finalize all=%v", all)
			if all && w.last != nil {
				w.last()
			}
		},
		Flush:   func() { d.note("flush") },
		Log:     func(string, string, ...any) {},
		Waiting: func(names []string) { d.note("waiting for %v", names) },
		Left:    func(name string) { d.note("left %s", name) },
		Clock:   SystemClock,
	}
	return w
}

func (w *world) add(c *fakeChild) { w.children = append(w.children, c) }

func (w *world) alive() []Child {
	var list []Child
	for _, c := range w.children {
		if !isClosed(c.done) {
			list = append(list, c)
		}
	}
	return list
}

// within sets a deadline for the whole sequence.
func (w *world) within(d time.Duration) {
	deadline := time.Now().Add(d)
	w.Deadline = func() time.Time { return deadline }
}

// inWorld runs a test with time of its own, which passes when all are waiting.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld()) })
}
