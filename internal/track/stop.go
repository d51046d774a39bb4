package track

import (
	"context"
	"errors"
	"fmt"
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
