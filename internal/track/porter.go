package track

import (
	"os"

	"multiproc/internal/sys"
)

// startLocked starts the tracker.
func (c *client) startLocked() error {
	t, err := c.spawn(c.door.inside)
	if err != nil {
		c.turnAwayLocked()
		return err
	}
	c.tracker = t
	go c.watch(t)
	return nil
}

// watch replaces a tracker that died before it was told to: whoever knocks
// meanwhile, this process or another one of the tree, waits behind the door.
func (c *client) watch(t Tracker) {
	<-t.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracker != t || c.left != nil {
		return
	}
	c.tracker, c.met = nil, false
	const most = 4 // in a row that served nobody
	if c.deaths++; c.deaths < most {
		_ = c.startLocked()
	} else {
		c.turnAwayLocked() // the next who needs one tries again, and is told
	}
}

// turnAwayLocked is for a root that can't have a tracker: whoever has knocked
// learns of it at once, rather than when he gives up. Each later knock, of a
// child most likely, is one more need to try.
func (c *client) turnAwayLocked() {
	c.door.refuse()
	if c.porter != nil || c.door.inside < 0 {
		return
	}
	fd, err := sys.Dup(c.door.inside)
	if err != nil {
		return // those who knock wait as long as they would for a tracker that is stuck
	}
	file, err := sys.Pollable(fd, "door")
	if err != nil {
		_ = sys.Close(fd)
		return
	}
	sys.ReserveFile(file)
	c.porter = file
	go c.keepDoor(file)
}

// keepDoor waits for knocks while there is no tracker to hear them.
func (c *client) keepDoor(file *os.File) {
	conn, err := file.SyscallConn()
	for err == nil {
		err = conn.Read(func(fd uintptr) bool { return sys.Readable(int(fd)) })
		if err == nil && !c.knocked(file) {
			return
		}
	}
}

// knocked reports whether the door is still to be kept.
func (c *client) knocked(file *os.File) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.porter != file:
		return false
	case c.left != nil:
		c.door.refuse()
	case c.tracker == nil:
		_ = c.startLocked() // else it has turned away who knocked
	}
	if c.tracker == nil {
		return true
	}
	c.dismissLocked()
	return false
}

// dismissLocked ends the keeping of the door.
func (c *client) dismissLocked() {
	if c.porter != nil {
		sys.CloseReserved(c.porter)
		c.porter = nil
	}
}

// refuse closes the links of those who have knocked.
func (d door) refuse() {
	if d.inside < 0 {
		return
	}
	for {
		n, fds, err := sys.RecvRights(d.inside, make([]byte, 1))
		for _, fd := range fds {
			_ = sys.Close(fd) // or it was lost, which is as good
		}
		if n == 0 || err != nil {
			return
		}
	}
}
