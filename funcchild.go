package multiproc

import (
	"context"
	"time"

	"multiproc/internal/crash"
	"multiproc/internal/sys"
)

// A funcChild is what this process holds of a child that runs a function: three
// descriptors and two goroutines, both in the runtime's poller.
type funcChild struct {
	*Process
	proc *sys.Proc
	ctl  *control
	slot *crash.Slot
	std  *streams

	spare *spare // that it was, if it was one
}

// run makes the child known and watches over it.
func (c *funcChild) run(ctx context.Context) {
	p := c.Process
	p.pid = c.proc.PID
	if c.spare == nil || c.spare.tie == nil { // which may have failed for a moment
		p.follow(true, false)
	} else {
		p.tie = c.spare.tie
	}
	p.act = actions{
		signal: c.proc.Signal,
		ask: func(within time.Duration) error {
			return c.ctl.terminateByDeadline(c.proc, within)
		},
		kill:          func() error { return p.killGroup(c.proc) },
		uninterrupted: true,
	}
	p.failure = newFailure(p)
	c.std.started()
	family.add(p)
	forget := p.endWith(ctx)
	read := make(chan struct{})
	if c.spare != nil {
		read = c.spare.read
	} else {
		go func() {
			c.ctl.serve(p.hear)
			close(read)
		}()
	}
	go c.reap(read, forget)
}

// reap waits for the end and makes it known. What the child said before comes
// first; "ended" is what the kernel says of the process, never an EOF.
func (c *funcChild) reap(read <-chan struct{}, forget func() bool) {
	status := statusOf(c.reapGroup(c.proc, c.lastSignal), c.life)
	forget()
	c.ctl.drain()
	<-read
	sys.CloseReserved(c.ctl.file)
	text := ""
	if !status.Success() {
		text = c.slot.Text()
	}
	c.slot.Release()
	c.end(status, text)
	c.std.finish(c.grace)
	family.settle(c.Process)
	if c.spare != nil {
		spares.spent()
	}
}

// end makes known that a process of any kind has ended.
func (p *Process) end(status ExitStatus, crashText string) {
	status.Ended = true
	died := &ExitError{Name: p.name, PID: p.pid, Status: status, Crash: crashText, cause: p.life.why(), returning: true}
	p.failure.happened(p.life.failed(status, died))
	family.remove(p)
	p.life.finish(status, crashText, died)
}

// failed says what to log of an ended child if nobody asks; nil for one that
// succeeded, or that this process ended.
func (l *life) failed(status ExitStatus, died error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.asked > 0: // terminated or killed from here
		return nil
	case l.err != nil:
		return l.err
	case !status.Success() || !l.resolvedLocked(): // os.Exit(0) before the function returned
		return died
	}
	return nil
}
