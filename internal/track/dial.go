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

// tries is how many links may fail in a row.
const tries = 4

// dialLocked makes somebody see to a link, if nobody does.
func (c *client) dialLocked() {
	if c.dialing != nil || c.left != nil || c.link != nil {
		return
	}
	done := make(chan struct{})
	c.dialing = done
	go c.dial(done, c.torn, c.pauseLocked())
}

// pauseLocked is how long the next link takes after one that broke at once.
func (c *client) pauseLocked() time.Duration {
	switch {
	case c.torn > 0:
		return pauseAfter(c.torn)
	case c.brief > 0:
		return 5 * time.Millisecond << min(c.brief, 9)
	}
	return 0
}

// pauseAfter is for what is short to come back.
func pauseAfter(failures int) time.Duration { return 10 * time.Millisecond << (2 * failures) }

// neededLocked reports whether there is something for a tracker to know.
func (c *client) neededLocked() bool { return len(c.claims)+len(c.kids)+len(c.waits) > 0 }

// dial tries to have a link, a few times; then those who wait learn why not.
func (c *client) dial(done chan struct{}, failed int, pause time.Duration) {
	defer close(done)
	var err error
	for ; failed < tries; failed++ {
		time.Sleep(pause) //nolint:forbidigo // see pauseLocked
		if err = c.connect(); err == nil {
			break
		}
		pause = pauseAfter(failed + 1)
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
	} else if c.link == nil { // it broke before this one was done, when nobody else could see to it
		c.redialLocked()
	}
}

// redialLocked replaces a link that broke, unless nobody needs one, or many did.
func (c *client) redialLocked() {
	switch {
	case !c.neededLocked():
		c.torn = 0
	case c.torn < tries:
		c.dialLocked()
	case c.dialing == nil:
		c.despairLocked(fmt.Errorf("it hangs up (out of descriptors, perhaps: see RLIMIT_NOFILE): %w", c.broke))
	}
}

// despairLocked tells those who wait that there is no tracker, and has somebody
// dial again later, for what a tracker has known already and for this process's
// children, which live by it alone until then.
func (c *client) despairLocked(err error) {
	c.torn = 0
	c.resolveLocked(c.seq+1, true, fmt.Errorf("%w: %w", ErrUnavailable, err))
	if c.retry != nil {
		c.retry.Stop()
	}
	c.retry = time.AfterFunc(time.Second<<min(c.failed, 5), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.neededLocked() {
			c.dialLocked()
		}
	})
	c.failed++
}

// connect makes a link and tells the tracker all that this process has.
func (c *client) connect() error {
	if err := c.openDoor(); err != nil {
		return err
	}
	tracker := c.theTracker()
	l, err := c.door.knock()
	if err != nil {
		return err
	}
	peer, err := c.greet(l)
	if err != nil {
		l.close()
		l.discard()
		return c.blame(tracker, err)
	}
	c.mu.Lock()
	heard := make(chan struct{})
	c.link, c.peer, c.heard, c.deaths, c.synced, c.met = l, peer, heard, 0, false, c.spawn != nil
	c.tellLocked()
	c.mu.Unlock()
	go func() {
		defer close(heard)
		c.listen(l, peer)
	}()
	return nil
}

func (c *client) theTracker() Tracker {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tracker
}

// blame finds out why nobody has answered. A tracker that ran all the time and
// does not answer is killed: the next try has another one.
func (c *client) blame(t Tracker, err error) error {
	if t != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		_ = t.Kill()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracker == nil && c.deaths > 0 {
		return fmt.Errorf("it has died %d times before it served anybody: %w", c.deaths, err)
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
	for key, h := range c.claims {
		c.link.send(kindRegister, registration{0, key, h.where}.encode())
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
