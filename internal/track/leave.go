package track

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errTorn is a tracker that died before it was done.
var errTorn = errors.New("its link broke")

// leave takes leave of the tracker; of the next one, if it dies over that.
func (c *client) leave(ctx context.Context, ifIdle bool) error {
	for n := 1; ; n++ {
		last := n == tries || ctx.Err() != nil
		again, err := c.part(ctx, ifIdle, last)
		if !again || last {
			return err
		}
	}
}

// part is in vain if the tracker dies over it, or keeps this process for children
// that have ended before they were told of here. The last time it is over whatever
// happens.
func (c *client) part(ctx context.Context, ifIdle, last bool) (again bool, err error) {
	f, err := c.bye(ctx, ifIdle)
	if f == nil {
		return false, err
	}
	err = f.wait(ctx)
	if errors.Is(err, errTorn) && !last {
		c.comeBack()
		return true, err
	}
	if err != nil && f.tracker != nil && ctx.Err() == nil {
		_ = f.tracker.Kill()
	}
	stays, idle := c.close(err == nil && f.link != nil && f.link.kept)
	if stays {
		err = errors.Join(err, errors.New("children of this process still need the tracker"))
	} else if f.tracker != nil {
		select {
		case <-f.tracker.Done():
		case <-ctx.Done():
			err = errors.Join(err, fmt.Errorf("the tracker is still at work: %w", ctx.Err()))
		}
	}
	c.comeBack()
	return stays && idle, err
}

// A farewell is what was said to a tracker.
type farewell struct {
	tracker  Tracker // in the root
	link     *link   // nil: there is none
	heard    <-chan struct{}
	answered <-chan error
	lost     int // resources that nobody knows of
}

// bye says farewell, if there is somebody to say it to; nil if it is not to be
// said. From then on nobody dials, until comeBack.
func (c *client) bye(ctx context.Context, ifIdle bool) (*farewell, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.settleLocked(ctx)
	if err == nil && ifIdle && c.neededLocked() {
		return nil, nil
	}
	if err == nil && c.link == nil && (len(c.claims) > 0 || c.met) {
		c.dialLocked() // there is something to say, and nobody who listens
		err = c.settleLocked(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.left = make(chan struct{})
	f := &farewell{tracker: c.tracker, link: c.link}
	if c.link == nil {
		f.lost = len(c.claims)
		return f, nil
	}
	f.heard = c.heard
	var id uint64
	id, f.answered = c.awaitLocked()
	c.link.send(kindBye, encodeID(id))
	return f, nil
}

// wait waits for the tracker's answer, and then until it is done, when it has
// reported all there is.
func (f *farewell) wait(ctx context.Context) error {
	switch {
	case f.lost > 0:
		return fmt.Errorf("%w: %d resources are not cleaned up", ErrUnavailable, f.lost)
	case f.link == nil:
		return nil
	}
	stuck := time.NewTimer(LeaveLimit)
	defer stuck.Stop()
	select {
	case err := <-f.answered:
		if err != nil {
			return err
		}
	case <-stuck.C:
		return fmt.Errorf("%w: it does not answer", ErrUnavailable)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-f.heard:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !f.link.parted {
		return fmt.Errorf("%w: %w", ErrUnavailable, errTorn)
	}
	return nil
}

// comeBack makes everything usable again.
func (c *client) comeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracker != nil && (c.door == noDoor || isClosed(c.tracker.Done())) {
		c.tracker, c.met = nil, false
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

// close closes what this process holds of its tracker. The root keeps that for its
// children, and while it is kept itself; it is idle if it has none.
func (c *client) close(kept bool) (stays, idle bool) {
	c.mu.Lock()
	link, heard := c.link, c.heard
	c.link = nil
	clear(c.claims)
	idle = len(c.kids) == 0
	if idle {
		c.line.close()
	}
	root := c.spawn != nil
	c.met = root && kept
	stays = root && (kept || !idle)
	if root && !stays {
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
	return stays, idle
}
