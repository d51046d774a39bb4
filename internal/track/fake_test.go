package track

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A world is what a server in a test sees of the system: process groups are
// numbers, and so are descriptors. Time is that of synctest.
type world struct {
	*Server
	t *testing.T

	mu     sync.Mutex
	groups map[int]bool // by armed end: somebody runs
	log    []string     // what was done to them, and when
	start  time.Time
	kinds  map[string]Kind
	deaths map[*owner]chan struct{}
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, groups: map[int]bool{}, start: time.Now(), kinds: map[string]Kind{}, deaths: map[*owner]chan struct{}{}}
	w.Server = newServer(env{
		kind: func(name string) (Kind, bool) { k, ok := w.kinds[name]; return k, ok },
		signal: func(armed int, sig syscall.Signal) error {
			w.note("signal %d %d", armed, int(sig))
			return nil
		},
		runs: func(armed int) bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.groups[armed]
		},
		close: func(fd int) {
			w.note("close %d", fd)
			if fd >= 100 { // a line
				w.mu.Lock()
				defer w.mu.Unlock()
				clear(w.groups)
			}
		},
		above: func(line, _ int) int { return line },
		now:   time.Now,
		after: time.After,
	})
	w.kinds["k"] = Kind{
		Clean:    func(_ context.Context, data []byte) error { w.note("clean %s", data); return nil },
		Describe: func(data []byte) string { return string(data) },
	}
	return w
}

// note takes down what happens, with the milliseconds since the start.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%d: ", time.Since(w.start).Milliseconds())+fmt.Sprintf(format, args...))
}

func (w *world) end(armed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups[armed] = false
}

// A corpse tells of an owner's death when it is closed.
type corpse chan struct{}

func (c corpse) Wait()  { <-c }
func (c corpse) Close() {}

// owner makes an owner, known as if it had said hello, and its end of the link.
func (w *world) owner(pid int, root bool) (*owner, *link) {
	ours, theirs := net.Pipe()
	o := &owner{
		hello: hello{pid: pid, name: fmt.Sprint("p", pid), root: root}, link: newLink(ours),
		witness: make(corpse), children: map[uint64]child{}, line: -1,
	}
	w.mu.Lock()
	w.deaths[o] = make(chan struct{})
	w.mu.Unlock()
	w.Server.mu.Lock()
	w.owners[o] = struct{}{}
	o.parent = w.parentLocked(pid)
	if root {
		w.root = o
	}
	w.Server.mu.Unlock()
	w.t.Cleanup(func() { ours.Close(); theirs.Close() })
	return o, newLink(theirs)
}

// starts makes an owner the parent of a process whose group has that number.
func (w *world) starts(o *owner, pid, armed int, command bool, grace time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	w.groups[armed] = true
	w.mu.Unlock()
	w.adopt(o, childNote{seq: uint64(armed), pid: pid, command: command, grace: grace}, armed)
}

// has registers a resource.
func (w *world) has(o *owner, resources ...string) {
	for _, r := range resources {
		w.mark(o, registration{claim: claim{"k", r}, where: "here"}, true)
	}
}

// reports collects what is reported to the other end of a link.
func reports(l *link) <-chan Report {
	c := make(chan Report, 100)
	go func() {
		defer close(c)
		for {
			f, err := l.receive()
			if err != nil {
				return
			}
			if r, err := decodeReport(f.Payload); err == nil && f.Kind == kindReport {
				c <- r
			}
		}
	}()
	return c
}

var errTest = errors.New("on purpose")
