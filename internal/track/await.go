package track

import (
	"fmt"
	"syscall"
	"time"

	"multiproc/internal/sys"
)

// How long a tracker may take to answer before it is taken for stuck and
// replaced, and how long a caller waits in all.
var (
	patience = 5 * time.Second
	bound    = 30 * time.Second
)

// LeaveLimit is how long who leaves waits for the tracker's answer, and who exits
// for its end.
var LeaveLimit = 2 * time.Second

// Patient makes each of them an hour, for tests: a wait that ends before was ended
// by what has happened, however slow the machine is. It is for initialisation.
func Patient() { patience, bound, LeaveLimit = time.Hour, time.Hour, time.Hour }

func (c *client) await(id uint64, done <-chan error) error {
	over := time.NewTimer(bound)
	// Looks are counted, not time: a process that was stopped itself, for however
	// long, has had but one of them, and no time to hear the answer.
	const looks = 5
	look := time.NewTicker(patience / looks)
	defer over.Stop()
	defer look.Stop()
	var stuck *sys.Foreign
	for n := 0; ; {
		select {
		case err := <-done:
			return err
		case <-look.C:
			if peer := c.thePeer(); peer != stuck {
				stuck, n = peer, 0
			} else if n++; n >= looks && stuck != nil {
				// Stopped, perhaps: its links break, and another one takes its place.
				_ = stuck.Signal(syscall.SIGKILL)
			}
		case <-over.C:
			c.mu.Lock()
			delete(c.waits, id)
			c.mu.Unlock()
			return fmt.Errorf("%w: it does not answer", ErrUnavailable)
		}
	}
}

func (c *client) thePeer() *sys.Foreign {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer
}

// stayLocked waits while Stop is at work: what is said to a tracker that has
// been told farewell would be lost.
func (c *client) stayLocked() error {
	for c.left != nil {
		left := c.left
		c.mu.Unlock()
		over := time.NewTimer(bound)
		select {
		case <-left:
			over.Stop()
			c.mu.Lock()
		case <-over.C:
			c.mu.Lock()
			return fmt.Errorf("%w: this process is leaving it", ErrUnavailable)
		}
	}
	return nil
}
