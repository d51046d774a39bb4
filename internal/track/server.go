package track

import (
	"os"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A Server is the tracker's side. What it needs of the system is in env, so
// that tests do without.
type Server struct {
	env env

	mu     sync.Mutex
	owners map[*owner]struct{}
	claims map[claim]map[*owner]string // who has registered it, and where
	root   *owner
	fewer  sync.Cond // an owner was forgotten

	settling sync.WaitGroup // counts those that take their leave
}

type env struct {
	kind   func(name string) (Kind, bool)
	watch  func(pid, pidfd int) witness
	signal func(armed int, sig syscall.Signal) error
	runs   func(armed int) bool
	close  func(fd int)
	above  func(w, armed int) int
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
}

// A witness tells of the end of an owner.
type witness interface {
	Wait()
	Close()
}

func system() env {
	return env{
		kind:   kinds.find,
		watch:  func(pid, pidfd int) witness { return sys.NewForeign(pid, pidfd) },
		signal: sys.SignalArmed,
		runs:   sys.ArmedRuns,
		close:  func(fd int) { _ = sys.Close(fd) },
		above:  above,
		now:    time.Now,
		after:  time.After,
	}
}

func newServer(e env) *Server {
	s := &Server{env: e, owners: map[*owner]struct{}{}, claims: map[claim]map[*owner]string{}}
	s.fewer.L = &s.mu
	return s
}

// Serve is the life of the tracker, with the inside of the door. It returns
// when nobody can come in any more, every owner is dead and what they left
// behind is gone.
func Serve(inside int) error {
	file, err := sys.Pollable(inside, "door")
	if err != nil {
		return err
	}
	defer file.Close()
	home.mu.Lock()
	home.serving = true
	home.mu.Unlock()
	s := newServer(system())
	var owners sync.WaitGroup
	defer s.settling.Wait() // what was taken from an owner is nobody else's to clean up
	defer owners.Wait()
	door := newLink(file)
	defer door.discard()
	for knock := make([]byte, 1); ; {
		if _, err := door.in.Read(knock); err != nil {
			return nil // the end of the door, in one way or another
		}
		fd := door.take()
		if fd < 0 {
			door.rights = nil // one knock was lost, and not those after it
			continue
		}
		end, err := sys.Pollable(fd, "link")
		if err != nil {
			_ = sys.Close(fd)
			continue
		}
		owners.Go(func() { s.serve(newLink(end)) })
	}
}

// serve is what the tracker does for one owner, to its death and beyond.
func (s *Server) serve(l *link) {
	defer l.discard()
	o, err := s.welcome(l)
	if err != nil {
		l.close()
		return
	}
	for err == nil {
		var frame wire.Frame
		if frame, err = l.receive(); err == nil {
			err = s.handle(o, frame)
		}
	}
	l.close()
	l.discard() // a line among them would keep alive what is to be killed
	if s.known(o) {
		o.witness.Wait()
	}
	o.witness.Close()
	s.bury(o)
}

func (s *Server) welcome(l *link) (*owner, error) {
	frame, err := l.receive()
	if err != nil {
		return nil, err
	}
	h, err := decodeHello(frame.Payload)
	if frame.Kind != kindHello || err != nil {
		return nil, wire.ErrMalformed
	}
	pidfd := -1
	if h.hasPidfd {
		pidfd = l.take()
	}
	o := &owner{hello: h, link: l, witness: s.env.watch(h.pid, pidfd), children: map[uint64]child{}, line: -1}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners[o] = struct{}{}
	o.parent = s.parentLocked(h.pid)
	if h.root {
		s.root = o
	}
	o.sendWelcome()
	return o, nil
}

func (o *owner) sendWelcome() {
	if fd, err := sys.SelfPidfd(); err == nil {
		o.link.send(kindWelcome, encodeID(uint64(os.Getpid())), fd)
		_ = sys.Close(fd)
		return
	}
	o.link.send(kindWelcome, encodeID(uint64(os.Getpid())))
}

// handle does what an owner asks for. An error ends its link.
func (s *Server) handle(o *owner, f wire.Frame) error {
	switch f.Kind {
	case kindRegister, kindUnregister:
		r, err := decodeRegistration(f.Payload)
		if err != nil {
			return err
		}
		if s.mark(o, r, f.Kind == kindRegister) && r.id != 0 {
			o.link.send(kindAck, encodeAck(r.id, ""))
		}
	case kindChild:
		note, err := decodeChild(f.Payload)
		if err != nil {
			return err
		}
		s.adopt(o, note, o.link.take())
	case kindGrace:
		note, err := decodeChild(f.Payload)
		if err != nil {
			return err
		}
		s.regrace(o, note)
	case kindLine:
		notes, err := decodeLine(f.Payload)
		if err != nil {
			return err
		}
		s.share(o, notes)
	case kindGone, kindSync, kindBye:
		id, err := decodeID(f.Payload)
		if err != nil {
			return err
		}
		s.handleID(o, f.Kind, id)
	default:
		return wire.ErrMalformed
	}
	return nil
}

func (s *Server) handleID(o *owner, kind wire.Kind, id uint64) {
	switch kind {
	case kindGone:
		s.release(o, id)
	case kindSync:
		s.supersede(o)
		o.link.send(kindAck, encodeAck(id, ""))
	default:
		o.link.send(kindAck, encodeAck(id, ""))
		s.settling.Go(func() { s.settle(o) })
	}
}

// mark notes what an owner has. One that is forgotten can have nothing, and is
// not told otherwise.
func (s *Server) mark(o *owner, r registration, owns bool) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case owns && !s.knownLocked(o):
		return false
	case !owns:
		s.disownLocked(o, r.claim)
		delete(o.cleaned, r.claim)
		return true
	}
	if s.claims[r.claim] == nil {
		s.claims[r.claim] = map[*owner]string{}
	}
	if o.claims == nil {
		o.claims = map[claim]struct{}{}
	}
	s.claims[r.claim][o] = r.where
	o.claims[r.claim] = struct{}{}
	return true
}

// disownLocked reports whether nobody else has registered it.
func (s *Server) disownLocked(o *owner, key claim) (last bool) {
	delete(o.claims, key)
	delete(s.claims[key], o)
	if len(s.claims[key]) > 0 {
		return false
	}
	delete(s.claims, key)
	return true
}
