package track

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"multiproc/internal/sys"
)

// dialLocked makes somebody see to a link, if nobody does.
func (c *client) dialLocked() {
	if c.dialing != nil || c.leaving || c.link != nil {
		return
	}
	done := make(chan struct{})
	c.dialing = done
	go c.dial(done)
}

// dial tries to have a link, a few times; then those who wait learn why not.
// Until the next need arises this process's children live by it alone.
func (c *client) dial(done chan struct{}) {
	defer close(done)
	var err error
	const tries = 4
	for i := range tries {
		if i > 0 {
			time.Sleep(10 * time.Millisecond << (2 * i)) //nolint:forbidigo // for what is short to come back
		}
		if err = c.connect(); err == nil || c.isHopeless() {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = nil
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		c.resolveLocked(c.seq+1, true, err)
	}
}

// connect makes a link and tells the tracker all that this process has.
func (c *client) connect() error {
	if err := c.openDoor(); err != nil {
		return err
	}
	l, err := c.door.knock()
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.knocking = l
	c.mu.Unlock()
	peer, err := c.greet(l)
	c.mu.Lock()
	c.knocking = nil
	c.mu.Unlock()
	if err != nil {
		l.close()
		l.discard()
		if tracker := c.theTracker(); tracker != nil {
			_ = tracker.Kill() // it runs and does not answer: the next try has another one
		}
		return err
	}
	c.mu.Lock()
	heard := make(chan struct{})
	c.link, c.peer, c.heard, c.deaths = l, peer, heard, 0
	c.tellLocked()
	c.mu.Unlock()
	go func() {
		defer close(heard)
		c.listen(l, peer)
	}()
	return nil
}

// isHopeless reports, once, that trackers die before they serve anybody.
func (c *client) isHopeless() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.hopeless = false }()
	return c.hopeless
}

func (c *client) theTracker() Tracker {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tracker
}

// openDoor sees to it that there is a door, and in the root somebody behind it.
func (c *client) openDoor() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.openDoorLocked(); err != nil {
		return err
	}
	if c.spawn == nil || c.tracker != nil {
		return nil
	}
	return c.startLocked()
}

// startLocked starts the tracker.
func (c *client) startLocked() error {
	t, err := c.spawn(c.door.inside)
	if err != nil {
		return err
	}
	c.tracker = t
	go c.watch(t)
	return nil
}

func (c *client) openDoorLocked() error {
	if c.door.outside >= 0 {
		return nil
	}
	if c.spawn == nil {
		return errors.New("this process has not inherited one")
	}
	d, err := newDoor()
	if err != nil {
		return err
	}
	c.door = d
	return nil
}

// watch replaces a tracker that died before it was told to: whoever knocks
// meanwhile, this process or another one of the tree, waits behind the door.
// One that dies again and again before it serves this process is given more and
// more time, and then up, for now.
func (c *client) watch(t Tracker) {
	<-t.Done()
	const quick, most = 4, 12
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracker != t {
		return
	}
	c.deaths++
	if c.deaths > quick {
		pause := min(10*time.Millisecond<<min(c.deaths-quick, 10), time.Second)
		c.mu.Unlock()
		time.Sleep(pause) //nolint:forbidigo // a program that dies at its start must not be started in a storm
		c.mu.Lock()
	}
	if c.tracker != t || c.leaving {
		return
	}
	c.tracker = nil
	if c.deaths < most && c.startLocked() == nil {
		return
	}
	c.deaths, c.hopeless = 0, true
	if c.knocking != nil {
		_ = c.knocking.rw.Close() // nobody will answer
	}
}

// greet introduces this process and waits for the welcome.
func (c *client) greet(l *link) (*sys.Foreign, error) {
	h := hello{pid: os.Getpid(), name: c.name(), root: c.spawn != nil}
	if fd, err := sys.SelfPidfd(); err == nil {
		h.hasPidfd = true
		l.send(kindHello, h.encode(), fd)
		_ = sys.Close(fd)
	} else {
		l.send(kindHello, h.encode())
	}
	file := l.rw.(*os.File)
	_ = file.SetReadDeadline(time.Now().Add(2 * patience))
	defer func() { _ = file.SetReadDeadline(time.Time{}) }()
	frame, err := l.receive()
	if err != nil {
		return nil, fmt.Errorf("it does not answer: %w", err)
	}
	pid, err := decodeID(frame.Payload)
	if frame.Kind != kindWelcome || err != nil {
		return nil, errors.New("it speaks another protocol")
	}
	return sys.NewForeign(int(pid), l.take()), nil
}

// tellLocked tells the tracker everything. The line comes with the last of the
// children: from there on it is the tracker who lets them die, so it must know
// them.
func (c *client) tellLocked() {
	for key, where := range c.claims {
		c.link.send(kindRegister, registration{0, key, where}.encode())
	}
	kids := slices.Collect(maps.Values(c.kids))
	for ; len(kids) > lineMost; kids = kids[1:] {
		c.link.send(kindChild, kids[0].note().encode(), kids[0].armed)
	}
	if c.line.w >= 0 {
		c.shareLocked(kids...)
	}
	c.seq++
	c.link.send(kindSync, encodeID(c.seq))
}

// listen hears what the tracker has to say, and its end.
func (c *client) listen(l *link, peer *sys.Foreign) {
	for {
		frame, err := l.receive()
		if err != nil {
			break
		}
		switch frame.Kind {
		case kindAck:
			c.acknowledged(frame.Payload)
		case kindReport:
			if r, err := decodeReport(frame.Payload); err == nil {
				c.report(r)
			}
		}
	}
	c.mu.Lock()
	if c.link == l {
		c.link = nil
	}
	c.peer = nil
	if c.leaving {
		c.resolveLocked(c.seq+1, true, fmt.Errorf("%w: it has died", ErrUnavailable))
	} else if len(c.claims)+len(c.kids)+len(c.waits) > 0 {
		c.dialLocked()
	}
	c.mu.Unlock()
	peer.Close()
	l.close()
	l.discard()
}

func (c *client) acknowledged(payload []byte) {
	id, problem, err := decodeAck(payload)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, waited := c.waits[id]
	var failure error
	if problem != "" {
		failure = errors.New(problem)
	}
	c.resolveLocked(id, !waited, failure) // nobody waits for a sync: it is for all before it
}
