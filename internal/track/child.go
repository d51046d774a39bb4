package track

import (
	"time"

	"multiproc/internal/sys"
)

// A Child is a process that this one has started, tied to its life.
type Child struct {
	c       *client
	seq     uint64
	pid     int
	command bool
	grace   time.Duration
	armed   int
}

// Door returns a copy of the descriptor that a child must inherit to be in this
// tree, for the caller to close: the one that is copied may be closed, and its
// number be somebody else's, before there is a child. It is -1 if there is none.
func Door() int { return home.copyDoor() }

func (c *client) copyDoor() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open {
		_ = c.openDoorLocked() // without it the child is on its own
	}
	if c.door.outside < 0 {
		return -1
	}
	fd, err := sys.Dup(c.door.outside)
	if err != nil {
		return -1
	}
	return fd
}

// Follow ties a child to the life of this process: when this one dies, the
// child ends within its grace, and is killed then, with its process group if it
// leads one. command says that it is a program which hears of nothing by
// itself, and is sent SIGTERM first. It does not wait for the tracker, which is
// started if there is none.
//
// On systems without the mechanism a Child is tied to nothing: the error is
// errors.ErrUnsupported. Others mean that descriptors are short. In both cases
// the Child is nil, which is good for all methods.
func Follow(pid int, group, command bool, grace time.Duration) (*Child, error) {
	return home.follow(pid, group, command, grace)
}

func (c *client) follow(pid int, group, command bool, grace time.Duration) (*Child, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.line.w < 0 // then the tracker has none, and no children
	if fresh {
		l, err := newLine()
		if err != nil {
			return nil, err
		}
		c.line = l
	}
	armed, err := c.line.arm(pid, group)
	if err != nil {
		if fresh {
			c.line.close() // the next child's is fresh, and told
		}
		return nil, err
	}
	c.seq++
	k := &Child{c: c, seq: c.seq, pid: pid, command: command, grace: max(0, grace), armed: armed}
	c.kids[k.seq] = k
	if c.link == nil {
		c.dialLocked()
		return k, nil
	}
	if fresh {
		c.shareLocked(k)
	} else {
		c.link.send(kindChild, k.note().encode(), k.armed)
	}
	return k, nil
}

// shareLocked shares the line with the tracker, together with children that it
// does not know.
func (c *client) shareLocked(kids ...*Child) {
	fds := []int{c.line.w}
	var notes lineNote
	for _, k := range kids {
		notes = append(notes, k.note())
		fds = append(fds, k.armed)
	}
	c.link.send(kindLine, notes.encode(), append(fds, c.line.w)...)
}

func (k *Child) note() childNote { return childNote{k.seq, k.pid, k.command, k.grace} }

// SetGrace gives the child another grace. One that it has already costs nothing.
func (k *Child) SetGrace(grace time.Duration) {
	if k == nil {
		return
	}
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	grace = max(0, grace)
	if k.grace == grace {
		return
	}
	k.grace = grace
	if k.c.link != nil {
		k.c.link.send(kindGrace, childNote{k.seq, k.pid, k.command, k.grace}.encode())
	}
}

// Left reports whether anybody of the child's process group is left.
func (k *Child) Left() bool { return k != nil && sys.SignalArmed(k.armed, 0) == nil }

// Gone unties the child: it has ended, and its group with it.
func (k *Child) Gone() {
	if k == nil {
		return
	}
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	if _, ok := k.c.kids[k.seq]; !ok {
		return
	}
	delete(k.c.kids, k.seq)
	drop(k.armed)
	if k.c.link != nil {
		k.c.link.send(kindGone, encodeID(k.seq))
	}
}
