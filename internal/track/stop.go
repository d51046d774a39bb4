package track

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Stop takes leave of the tracker: what this process has not unregistered is
// cleaned up and reported now. The root's tracker ends with that; one that does
// not even answer is killed. An error of ctx says that it is still at work.
// Everything is usable again afterwards.
func Stop(ctx context.Context) error { return home.stop(ctx) }

// StopIdle is Stop, if the tracker has nothing to do for this process. Else it
// returns once it is known whether there is one.
func StopIdle(ctx context.Context) error {
	home.mu.Lock()
	home.settleLocked()
	idle := len(home.claims)+len(home.kids)+len(home.waits) == 0
	home.mu.Unlock()
	if !idle {
		return nil
	}
	return home.stop(ctx)
}

// settleLocked waits while somebody dials, which is bounded, or leaves.
func (c *client) settleLocked() {
	for c.leaving || c.dialing != nil {
		over := c.dialing
		if c.leaving {
			over = c.left
		}
		c.mu.Unlock()
		<-over
		c.mu.Lock()
	}
}

func (c *client) stop(ctx context.Context) error {
	c.mu.Lock()
	c.settleLocked()
	c.leaving, c.left = true, make(chan struct{})
	heard, tracker := c.heard, c.tracker
	answered := c.byeLocked()
	c.mu.Unlock()

	err := farewell(ctx, answered, heard)
	if err != nil && tracker != nil && ctx.Err() == nil {
		_ = tracker.Kill()
	}
	c.close()
	if tracker != nil {
		select {
		case <-tracker.Done():
		case <-ctx.Done():
			err = errors.Join(err, fmt.Errorf("the tracker is still at work: %w", ctx.Err()))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving, c.tracker = false, nil
	close(c.left)
	return err
}

// awaitLeftLocked waits until nobody is leaving.
func (c *client) awaitLeftLocked() {
	for c.leaving {
		left := c.left
		c.mu.Unlock()
		<-left
		c.mu.Lock()
	}
}

// byeLocked says farewell, if there is somebody to say it to.
func (c *client) byeLocked() (answered <-chan error) {
	if c.link == nil {
		return nil
	}
	id, answered := c.awaitLocked()
	c.link.send(kindBye, encodeID(id))
	return answered
}

// farewell waits for the tracker's answer, and then for all it has to report.
func farewell(ctx context.Context, answered <-chan error, heard <-chan struct{}) error {
	if answered == nil {
		return nil
	}
	const silence = 2 * time.Second
	stuck := time.NewTimer(silence)
	defer stuck.Stop()
	select {
	case err := <-answered:
		if err != nil {
			return err
		}
	case <-stuck.C:
		return fmt.Errorf("%w: it does not answer", ErrUnavailable)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close closes what this process holds of its tracker.
func (c *client) close() {
	c.mu.Lock()
	link, heard := c.link, c.heard
	c.link = nil
	clear(c.claims)
	if len(c.kids) == 0 {
		c.line.close()
	}
	if c.spawn != nil {
		c.dismissLocked()
		c.door.close() // the tracker ends when nobody can come in any more
	}
	c.mu.Unlock()
	if link != nil {
		link.close()
	}
	if heard != nil {
		<-heard
	}
}
