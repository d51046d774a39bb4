//go:build unix

package track

import (
	"errors"
	"os"
	"testing"
	"time"

	"multiproc/internal/sys"
)

// pair is two ends of a link.
func pair(t *testing.T) (a, b *link) {
	t.Helper()
	file, fd, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	other, err := sys.Pollable(fd, "end")
	if err != nil {
		t.Fatal(err)
	}
	a, b = newLink(file), newLink(other)
	t.Cleanup(func() {
		for _, l := range []*link{a, b} {
			l.close()
			l.discard()
		}
	})
	return a, b
}

// The reader learns that sending has become impossible.
func TestSenderFails(t *testing.T) {
	t.Parallel()
	fill := func(l *link) {
		for range 2000 {
			l.send(kindSync, make([]byte, 1000))
		}
	}
	for name, send := range map[string]func(l *link){
		"at once":        func(l *link) { l.send(kindChild, nil, 1<<20) },
		"when queued":    func(l *link) { fill(l); l.send(kindChild, nil, 1<<20) },
		"nobody listens": func(l *link) { l.patience = 20 * time.Millisecond; fill(l) },
	} {
		l, _ := pair(t)
		ended := make(chan error, 1)
		go func() {
			_, err := l.receive()
			ended <- err
		}()
		send(l)
		select {
		case err := <-ended:
			if err == nil || l.alive() {
				t.Errorf("%s: %v, alive: %v", name, err, l.alive())
			}
			if late := errors.Is(l.failure(), os.ErrDeadlineExceeded); late != (name == "nobody listens") {
				t.Errorf("%s: %v", name, l.failure())
			}
		case <-time.After(4 * time.Second):
			t.Errorf("%s: nobody learns of it", name)
		}
	}
}

// What the other side has said before it hung up is heard, also by a link that has
// failed to send.
func TestLastWordsAreHeard(t *testing.T) {
	t.Parallel()
	l, other := pair(t)
	other.send(kindReport, []byte("last words"))
	other.finish()
	if l.send(kindSync, nil); l.failure() == nil {
		t.Error("it was sent")
	}
	f, err := l.receive()
	if err != nil || string(f.Payload) != "last words" {
		t.Errorf("%q, %v", f.Payload, err)
	}
	if f, err = l.receive(); err == nil {
		t.Errorf("and then %q", f.Payload)
	}
}
