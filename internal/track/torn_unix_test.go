//go:build unix

package track

import (
	"errors"
	"strings"
	"testing"
	"time"

	"multiproc/internal/sys"
)

// A hangUp is a tracker that welcomes whoever knocks, and hangs up at once; or,
// once it is fair, when an owner has told it all.
type hangUp struct {
	door  *link
	fair  chan struct{} // closed when it is
	knock chan struct{}
}

func (h hangUp) serve() {
	for b := make([]byte, 1); ; {
		if _, err := h.door.in.Read(b); err != nil {
			return
		}
		end, err := sys.Pollable(h.door.take(), "link")
		if err != nil {
			return
		}
		l := newLink(end)
		h.knock <- struct{}{}
		h.answer(l)
		l.close()
		l.discard()
	}
}

func (h hangUp) answer(l *link) {
	if _, err := l.receive(); err != nil { // hello
		return
	}
	const nobody = 1 << 30
	l.send(kindWelcome, encodeID(nobody))
	select {
	case <-h.fair:
	default:
		return
	}
	for {
		f, err := l.receive()
		if err != nil {
			return
		}
		if id, err := decodeID(f.Payload); (f.Kind == kindSync || f.Kind == kindBye) && err == nil {
			l.send(kindAck, encodeAck(id, ""))
		}
		if f.Kind == kindBye {
			l.send(kindParted, encodeID(0))
			return
		}
	}
}

// A tracker that hangs up is called again a few times, with pauses, and whoever
// registers is told. The next one may be better.
func TestTrackerThatHangsUp(t *testing.T) {
	t.Parallel()
	c := newClient()
	c.open = true
	d, err := newDoor()
	if err != nil {
		t.Fatal(err)
	}
	c.door = d
	defer c.door.close()
	inside, err := sys.Dup(d.inside)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sys.Pollable(inside, "door")
	if err != nil {
		t.Fatal(err)
	}
	h := hangUp{newLink(file), make(chan struct{}), make(chan struct{}, 1000)}
	served := make(chan struct{})
	go func() { defer close(served); h.serve() }()
	defer func() { h.door.close(); <-served }()
	for range 3 {
		err = c.register(claim{"k", "x"}, "here")
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "hangs up") { // it was not waited for
			t.Error(err)
		}
		if n := len(h.knock); n != tries {
			t.Errorf("%d knocks, want %d", n, tries)
		}
		for len(h.knock) > 0 {
			<-h.knock
		}
	}
	close(h.fair)
	if err := c.register(claim{"k", "x"}, "here"); err != nil {
		t.Error(err)
	}
	if err := c.stop(t.Context(), false); err != nil {
		t.Error(err)
	}
}

// A link that breaks before its dialling is over is for the one who dials to
// replace: the other one has seen that somebody does.
func TestTornWhileDialling(t *testing.T) {
	t.Parallel()
	c := newClient()
	ours, theirs, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	_ = sys.Close(theirs)
	c.link, c.dialing = newLink(ours), make(chan struct{})
	_, done := c.awaitLocked()
	c.listen(c.link, sys.NewForeign(1<<30, -1))
	c.dialed(nil)
	select { // there is no door, so that it fails
	case err := <-done:
		if !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("nobody dials")
	}
	c.mu.Lock()
	err = c.settleLocked(t.Context())
	c.mu.Unlock()
	if err != nil {
		t.Error(err)
	}
}
