//go:build unix

package track

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A stage is the root of a tree whose trackers are goroutines of the test.
type stage struct {
	*client
	t    *testing.T
	play func(l *link) // what a tracker does for a link, which it has welcomed

	mu     sync.Mutex
	actors []*actor
	refuse error // why no tracker can be started
}

// An actor plays a tracker.
type actor struct {
	door *link
	done chan struct{}

	mu    sync.Mutex
	links []*link
}

func newStage(t *testing.T, play func(l *link)) *stage {
	s := &stage{client: newClient(), t: t, play: play}
	s.open = true
	s.spawn = func(door int) (Tracker, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.refuse != nil {
			return nil, s.refuse
		}
		fd, err := sys.Dup(door)
		if err != nil {
			return nil, err
		}
		file, err := sys.Pollable(fd, "door")
		if err != nil {
			return nil, err
		}
		a := &actor{door: newLink(file), done: make(chan struct{})}
		s.actors = append(s.actors, a)
		go a.serve(s.play)
		return a, nil
	}
	t.Cleanup(func() {
		s.client.mu.Lock()
		clear(s.kids)
		s.client.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.stop(ctx, false)
		for _, a := range s.actors {
			_ = a.Kill()
			<-a.done
		}
	})
	return s
}

func (s *stage) actor(i int) *actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actors[i]
}

func (a *actor) serve(play func(l *link)) {
	defer close(a.done)
	var links sync.WaitGroup
	defer links.Wait()
	for knock := make([]byte, 1); ; {
		if _, err := a.door.in.Read(knock); err != nil {
			_ = a.Kill()
			return
		}
		file, err := sys.Pollable(a.door.take(), "link")
		if err != nil {
			continue
		}
		l := newLink(file)
		a.mu.Lock()
		a.links = append(a.links, l)
		a.mu.Unlock()
		links.Go(func() {
			defer l.discard()
			defer l.close()
			play(l)
		})
	}
}

func (a *actor) Done() <-chan struct{} { return a.done }

func (a *actor) Kill() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.door.close()
	for _, l := range a.links {
		l.close()
	}
	return nil
}

// welcome is what a tracker says first. It names no process: nobody could be
// killed by mistake.
func welcome(l *link) {
	if f, err := l.receive(); err == nil && f.Kind == kindHello {
		l.send(kindWelcome, encodeID(0))
	}
}

// answer acknowledges a frame that has an id.
func answer(l *link, f wire.Frame) {
	switch f.Kind {
	case kindRegister, kindUnregister:
		if r, err := decodeRegistration(f.Payload); err == nil && r.id != 0 {
			l.send(kindAck, encodeAck(r.id, ""))
		}
	case kindSync, kindBye:
		if id, err := decodeID(f.Payload); err == nil {
			l.send(kindAck, encodeAck(id, ""))
		}
	}
	if f.Kind == kindBye {
		l.send(kindParted, encodeID(0))
	}
}

// serve is a tracker that forgets everything, and tells saw of each frame.
func serve(l *link, saw func(f wire.Frame)) {
	welcome(l)
	for {
		f, err := l.receive()
		if err != nil {
			return
		}
		if saw != nil {
			saw(f)
		}
		answer(l, f)
		if f.Kind == kindBye {
			return
		}
	}
}

// soon fails the test if do takes longer than a tracker may.
func (s *stage) soon(what string, do func() error) error {
	s.t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(4 * time.Second):
		s.t.Fatalf("%s hangs", what)
		return nil
	}
}

func (s *stage) enroll(name string) error { return s.register(claim{"k", name}, "here") }

func key(name string) claim { return claim{"k", name} }

// null is a descriptor that stands for an armed end.
func null(t *testing.T) int {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := sys.Dup(int(f.Fd()))
	if err = errors.Join(err); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Close(fd) })
	return fd
}
