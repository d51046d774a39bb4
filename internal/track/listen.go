package track

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// listen hears what the tracker has to say, and its end.
func (c *client) listen(l *link, peer *sys.Foreign) {
	start := time.Now()
	var end error
	for {
		frame, err := l.receive()
		if err != nil {
			end = errors.Join(err, l.failure())
			break
		}
		switch frame.Kind {
		case kindAck:
			c.acknowledged(frame.Payload)
		case kindReport:
			if r, err := decodeReport(frame.Payload); err == nil {
				c.outlet.put(r, c.report)
			}
		case kindParted:
			if depend, err := decodeID(frame.Payload); err == nil {
				l.parted, l.kept = true, depend > 0
			}
		}
	}
	if errors.Is(l.failure(), os.ErrDeadlineExceeded) {
		_ = peer.Signal(syscall.SIGKILL) // it runs and does not read
	}
	c.mu.Lock()
	if c.link == l {
		c.link = nil
		if !c.synced {
			c.torn++
		}
	}
	c.peer, c.broke = nil, end
	if c.brief++; time.Since(start) > time.Second {
		c.brief = 0
	}
	if c.left != nil {
		c.resolveLocked(c.seq+1, true, fmt.Errorf("%w: %w: %w", ErrUnavailable, errTorn, end))
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
		c.synced, c.torn, c.failed = true, 0, 0
	}
	c.resolveLocked(id, !waited, failure)
}
