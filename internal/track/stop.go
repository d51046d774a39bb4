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
func Stop(ctx context.Context) error { return home.stop(ctx, false) }

// StopIdle is Stop, if the tracker has nothing to do for this process. Else it
// returns once it is known whether there is one.
func StopIdle(ctx context.Context) error {
	return home.stop(ctx, true)
}

// settleLocked waits while somebody dials.
func (c *client) settleLocked(ctx context.Context) error {
	for c.dialing != nil {
		dialing := c.dialing
		c.mu.Unlock()
		select {
		case <-dialing:
			c.mu.Lock()
		case <-ctx.Done():
			c.mu.Lock()
			return fmt.Errorf("a tracker is just being started: %w", ctx.Err())
		}
	}
	return nil
}

// stop is for one at a time: another one would take leave of what was
// registered after the first.
func (c *client) stop(ctx context.Context, ifIdle bool) error {
	select {
	case c.stopping <- struct{}{}: // which counts where ctx is over too
	default:
		select {
		case c.stopping <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := c.leave(ctx, ifIdle)
	<-c.stopping
	return errors.Join(err, c.outlet.wait(ctx)) // who is told may register something anew by now
}

func (c *client) leave(ctx context.Context, ifIdle bool) error {
	c.mu.Lock()
	err := c.settleLocked(ctx)
	if err == nil && ifIdle && c.neededLocked() {
		c.mu.Unlock()
		return nil
	}
	if err == nil && c.link == nil && len(c.claims) > 0 {
		c.dialLocked() // there is something to clean up, and nobody who would
		err = c.settleLocked(ctx)
	}
	if err != nil {
		c.mu.Unlock()
		return err
	}
	c.left = make(chan struct{})
	heard, tracker, lost := c.heard, c.tracker, 0
	if c.link == nil {
		lost = len(c.claims)
	}
	answered := c.byeLocked()
	c.mu.Unlock()

	err = farewell(ctx, answered, heard)
	if err == nil && lost > 0 {
		err = fmt.Errorf("%w: %d resources are not cleaned up", ErrUnavailable, lost)
	}
	if err != nil && tracker != nil && ctx.Err() == nil {
		_ = tracker.Kill()
	}
	if c.close() {
		err = errors.Join(err, errors.New("children of this process still need the tracker"))
	} else if tracker != nil {
		select {
		case <-tracker.Done():
		case <-ctx.Done():
			err = errors.Join(err, fmt.Errorf("the tracker is still at work: %w", ctx.Err()))
		}
	}
	c.comeBack()
	return err
}

// comeBack makes everything usable again.
func (c *client) comeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracker != nil && (c.door == noDoor || isClosed(c.tracker.Done())) {
		c.tracker = nil
	}
	close(c.left)
	c.left = nil
	c.torn, c.brief, c.failed = 0, 0, 0
	if c.neededLocked() {
		c.dialLocked()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
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

// close closes what this process holds of its tracker. Where it has children
// still, the root keeps the tracker for them.
func (c *client) close() (stays bool) {
	c.mu.Lock()
	link, heard := c.link, c.heard
	c.link = nil
	clear(c.claims)
	stays = len(c.kids) > 0
	if !stays {
		c.line.close()
	}
	if c.spawn != nil && !stays {
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
	return stays && c.spawn != nil
}
