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
	c.mu.Lock()
	i := c.torn
	c.mu.Unlock()
	var err error
	for ; i < tries; i++ {
		if i > 0 {
			time.Sleep(10 * time.Millisecond << (2 * i)) //nolint:forbidigo // for what is short to come back
		}
		if err = c.connect(); err == nil {
			break
		}
	}
	c.dialed(err)
}

// dialed is the end of the dialling.
func (c *client) dialed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = nil
	if err != nil {
		c.despairLocked(err)
	} else if c.link == nil { // it has broken again by now
		c.redialLocked()
	}
}

// tries is how many links may fail in a row.
const tries = 4

// redialLocked replaces a link that broke, unless nobody needs one, or many did.
func (c *client) redialLocked() {
	switch {
	case len(c.claims)+len(c.kids)+len(c.waits) == 0:
		c.torn = 0
	case c.torn < tries:
		c.dialLocked()
	case c.dialing == nil:
		c.despairLocked(errors.New("it hangs up (out of descriptors, perhaps: see RLIMIT_NOFILE)"))
	}
}

// despairLocked tells those who wait that there is no tracker.
func (c *client) despairLocked(err error) {
	c.torn = 0
	c.resolveLocked(c.seq+1, true, fmt.Errorf("%w: %w", ErrUnavailable, err))
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
	peer, err := c.greet(l)
	if err != nil {
		l.close()
		l.discard()
		return c.blame(err)
	}
	c.mu.Lock()
	heard := make(chan struct{})
	c.link, c.peer, c.heard, c.deaths, c.synced = l, peer, heard, 0, false
	c.tellLocked()
	c.mu.Unlock()
	go func() {
		defer close(heard)
		c.listen(l, peer)
	}()
	return nil
}

// blame finds out why nobody has answered. A tracker that runs is killed: the
// next try has another one.
func (c *client) blame(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.tracker != nil:
		_ = c.tracker.Kill()
	case c.deaths > 0:
		err = fmt.Errorf("it has died %d times before it served anybody: %w", c.deaths, err)
	}
	return err
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
		if !c.synced {
			c.torn++
		}
	}
	c.peer = nil
	if c.leaving {
		c.resolveLocked(c.seq+1, true, fmt.Errorf("%w: it has died", ErrUnavailable))
	} else {
		c.redialLocked()
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
	if !waited { // a sync, which is for all before it
		c.synced, c.torn = true, 0
	}
	c.resolveLocked(id, !waited, failure)
}
