package track

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"multiproc/internal/sys"
)

// Errors of a client.
var (
	ErrNotInitialized = errors.New("multiproc: neither Main nor Init has run")
	ErrNotRegistered  = errors.New("this process has not registered that")
	ErrUnavailable    = errors.New("no tracker can be had")
	ErrTooLarge       = errors.New("a resource may have 64 KiB when encoded")

	ErrInside error = insideError{}
)

// An insideError is how the tracker itself is not initialized.
type insideError struct{}

func (insideError) Error() string {
	return "this process is the tracker: nobody would clean up after a clean-up"
}

func (insideError) Is(target error) bool { return target == ErrNotInitialized }

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

	serving bool // this process is a tracker

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
	brief   int           // links in a row that broke at once
	broke   error         // why the last one did
	heard   chan struct{} // closed when the link is at its end
	peer    *sys.Foreign  // the tracker, as any process of the tree knows it
	dialing chan struct{} // closed when the dialling is over; nil if nobody dials
	failed  int           // times in a row that it was in vain
	retry   *time.Timer   // for the next; nil before the first
	left    chan struct{} // closed when Stop is over, until when nobody dials; nil without
	met     bool          // in the root: the tracker knows it, and will not end before it has taken leave
	line    line
	kids    map[uint64]*Child
	claims  map[claim]*holding
	waits   map[uint64]chan<- error // who waits for which acknowledgement
	seq     uint64                  // the last id that was given

	stopping chan struct{} // has room for one, who is in Stop
	outlet   outlet
}

// A holding is a resource that is registered, or is about to be.
type holding struct {
	where   string
	pending int  // calls that wait for the tracker
	known   bool // to a tracker
}

// The process's own.
var home = newClient()

func newClient() *client {
	return &client{
		name: func() string { return "" }, report: func(Report) {},
		door: noDoor, line: noLine,
		kids: map[uint64]*Child{}, claims: map[claim]*holding{}, waits: map[uint64]chan<- error{},
		stopping: make(chan struct{}, 1),
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
	if !c.open {
		defer c.mu.Unlock()
		if c.serving {
			return ErrInside
		}
		return ErrNotInitialized
	}
	if err := c.stayLocked(); err != nil {
		c.mu.Unlock()
		return err
	}
	h := c.claims[key]
	if h == nil {
		h = &holding{}
		c.claims[key] = h
	}
	h.where = where
	h.pending++
	id, done := c.awaitLocked()
	if c.link != nil {
		c.link.send(kindRegister, registration{id, key, where}.encode())
	} else {
		c.dialLocked()
	}
	c.mu.Unlock()
	err := c.await(id, done)
	c.mu.Lock()
	defer c.mu.Unlock()
	h.pending--
	switch {
	case err == nil:
		h.known = true
	case !h.known && h.pending == 0 && c.claims[key] == h:
		delete(c.claims, key) // should it have arrived after all, nobody says that it did
		if c.link != nil {
			c.link.send(kindUnregister, registration{0, key, ""}.encode())
		}
	}
	return err
}

// Unregister gives a resource up, and returns once the tracker knows.
func Unregister(kind string, data []byte) error {
	return home.unregister(claim{kind, string(data)})
}

func (c *client) unregister(key claim) error {
	c.mu.Lock()
	if err := c.stayLocked(); err != nil {
		c.mu.Unlock()
		return err
	}
	if _, ok := c.claims[key]; !ok {
		c.mu.Unlock()
		return ErrNotRegistered
	}
	delete(c.claims, key)
	id, done := c.awaitLocked()
	if c.link != nil {
		c.link.send(kindUnregister, registration{id, key, ""}.encode())
	} else {
		c.dialLocked() // the tracker may live, and would take it for this process's
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

// resolveLocked tells those who wait: all up to an id, or the one.
func (c *client) resolveLocked(id uint64, earlier bool, err error) {
	if ch, ok := c.waits[id]; ok {
		ch <- err
		delete(c.waits, id)
	}
	if !earlier {
		return
	}
	for waiting, ch := range c.waits {
		if waiting < id {
			ch <- err
			delete(c.waits, waiting)
		}
	}
}
