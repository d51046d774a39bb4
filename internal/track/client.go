package track

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// Errors of a client.
var (
	ErrNotInitialized = errors.New("multiproc: neither Main nor Init has run")
	ErrNotRegistered  = errors.New("this process has not registered that")
	ErrUnavailable    = errors.New("no tracker can be had")
	ErrTooLarge       = errors.New("a resource may have 64 KiB when encoded")
)

// A Tracker is the process, as the root of the tree knows it.
type Tracker interface {
	Kill() error
	Done() <-chan struct{} // closed when it has ended
}

// A client is this process as an owner.
type client struct {
	// What it is to this process; set by Begin and Inherit, before anything else.
	name  func() string
	spawn func(door int) (Tracker, error) // nil but in the root of a tree
	open  bool                            // Begin or Inherit was called

	// Report is told what was left behind by this process and its children.
	report func(Report)

	mu      sync.Mutex
	door    door
	tracker Tracker       // in the root
	porter  *os.File      // the inside of the door; nil while somebody is behind it
	deaths  int           // of trackers, since one has welcomed this process
	link    *link         // nil: there is none now
	synced  bool          // the tracker has been told all by this link
	torn    int           // links in a row that broke before that
	heard   chan struct{} // closed when the link is at its end
	peer    *sys.Foreign  // the tracker, as any process of the tree knows it
	dialing chan struct{} // closed when the dialling is over; nil if nobody dials
	leaving bool          // Stop is at work: nobody dials
	left    chan struct{} // closed when it no longer is
	line    line
	kids    map[uint64]*Child
	claims  map[claim]string        // and where they were registered
	waits   map[uint64]chan<- error // who waits for which acknowledgement
	seq     uint64                  // the last id that was given
}

// The process's own.
var home = newClient()

func newClient() *client {
	return &client{
		name: func() string { return "" }, report: func(Report) {},
		door: noDoor, line: noLine,
		kids: map[uint64]*Child{}, claims: map[claim]string{}, waits: map[uint64]chan<- error{},
	}
}

// Begin makes this process the root of a tree. The tracker is started by spawn
// at the first need, with the descriptor door as one of its own. Leaks are told
// to report.
func Begin(name func() string, spawn func(door int) (Tracker, error), report func(Report)) {
	home.mu.Lock()
	defer home.mu.Unlock()
	home.name, home.spawn, home.report, home.open = name, spawn, report, true
}

// Inherit makes this process an owner in its parent's tree. The door, which it
// has inherited, belongs to it.
func Inherit(name func() string, fd int, report func(Report)) {
	home.mu.Lock()
	defer home.mu.Unlock()
	home.name, home.report, home.open = name, report, true
	home.door = door{outside: fd, inside: -1}
	sys.Reserve(fd)
}

// Register makes a resource this process's own, and returns once the tracker
// knows. A tracker that died meanwhile is replaced and told.
func Register(kind string, data []byte, where string) error {
	return home.register(claim{kind, string(data)}, where)
}

func (c *client) register(key claim, where string) error {
	if len(key.data) > MaxResource {
		return fmt.Errorf("%w: this one has %d bytes", ErrTooLarge, len(key.data))
	}
	c.mu.Lock()
	c.awaitLeftLocked() // what came after the farewell would be nobody's
	if !c.open {
		c.mu.Unlock()
		return ErrNotInitialized
	}
	_, again := c.claims[key]
	c.claims[key] = where
	id, done := c.awaitLocked()
	if c.link != nil {
		c.link.send(kindRegister, registration{id, key, where}.encode())
	} else {
		c.dialLocked()
	}
	c.mu.Unlock()
	err := c.await(id, done)
	if err != nil && !again {
		c.mu.Lock()
		delete(c.claims, key) // should it have arrived after all, nobody says that it did
		if c.link != nil {
			c.link.send(kindUnregister, registration{0, key, ""}.encode())
		}
		c.mu.Unlock()
	}
	return err
}

// Unregister gives a resource up, and returns once the tracker knows.
func Unregister(kind string, data []byte) error {
	return home.unregister(claim{kind, string(data)})
}

func (c *client) unregister(key claim) error {
	c.mu.Lock()
	if _, ok := c.claims[key]; !ok {
		c.mu.Unlock()
		return ErrNotRegistered
	}
	delete(c.claims, key)
	if c.link == nil && c.dialing == nil { // nobody who knows is left
		c.mu.Unlock()
		return nil
	}
	id, done := c.awaitLocked()
	if c.link != nil {
		c.link.send(kindUnregister, registration{id, key, ""}.encode())
	}
	c.mu.Unlock()
	return c.await(id, done)
}

func (c *client) awaitLocked() (id uint64, done <-chan error) {
	c.seq++
	ch := make(chan error, 1)
	c.waits[c.seq] = ch
	return c.seq, ch
}

// How long a tracker may take to answer before it is taken for stuck and
// replaced, and how long a caller waits in all.
const (
	patience = 5 * time.Second
	bound    = 30 * time.Second
)

func (c *client) await(id uint64, done <-chan error) error {
	over := time.NewTimer(bound)
	stuck := time.NewTicker(patience)
	defer over.Stop()
	defer stuck.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-stuck.C:
			c.replace()
		case <-over.C:
			c.mu.Lock()
			delete(c.waits, id)
			c.mu.Unlock()
			return fmt.Errorf("%w: it does not answer", ErrUnavailable)
		}
	}
}

// replace kills a tracker that does not answer, stopped perhaps: its links
// break, and another one takes its place.
func (c *client) replace() {
	c.mu.Lock()
	peer := c.peer
	c.mu.Unlock()
	if peer != nil {
		_ = peer.Signal(syscall.SIGKILL)
	}
}

// resolveLocked tells those who wait: all up to an id, or the one.
func (c *client) resolveLocked(id uint64, earlier bool, err error) {
	for waiting, ch := range c.waits {
		if waiting == id || earlier && waiting < id {
			ch <- err
			delete(c.waits, waiting)
		}
	}
}
