package line

import (
	"context"
	"sync"
	"time"
)

// A taskCtx is the ctx of a task without a time limit. Most tasks never ask it
// anything, so what a ctx costs is only made when one does.
type taskCtx struct {
	parent context.Context

	mu     sync.Mutex // guards what follows
	inner  context.Context
	cancel context.CancelFunc
	over   bool
}

func (c *taskCtx) Deadline() (time.Time, bool) { return c.parent.Deadline() }

func (c *taskCtx) Done() <-chan struct{} { return c.real().Done() }

func (c *taskCtx) Err() error {
	if inner := c.made(); inner != nil {
		return inner.Err()
	}
	return c.parent.Err()
}

// Value also answers package context itself, which asks a ctx for its insides once
// it has called Done.
func (c *taskCtx) Value(key any) any {
	if inner := c.made(); inner != nil {
		return inner.Value(key)
	}
	return c.parent.Value(key)
}

// made is the real one, if there is one or has to be.
func (c *taskCtx) made() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		c.realLocked()
	}
	return c.inner
}

func (c *taskCtx) real() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.realLocked()
	return c.inner
}

func (c *taskCtx) realLocked() {
	if c.inner == nil {
		c.inner, c.cancel = context.WithCancel(c.parent)
		if c.over {
			c.cancel()
		}
	}
}

func (c *taskCtx) overtime(error) bool { return false }

// end cancels it: the task is to end, or has ended.
func (c *taskCtx) end() {
	c.mu.Lock()
	c.over = true
	cancel := c.cancel
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
