package mplog

import (
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// off is a gate that no level passes, but for the highest number there is: who
// asks with that must look whether there is a route.
const off = math.MaxInt64

// core is the state of logging in a process. Use init before anything else.
type core struct {
	gate  atomic.Int64          // lowest level that comes out, or off
	route atomic.Pointer[route] // where to; nil while gate is off

	inbox  queue // records from children, on their way to the handler
	outbox queue // records for the parent

	stderr     *lineHandler
	lastResort *lineHandler

	mu     sync.Mutex // guards what follows, and every change of gate and route
	on     bool
	level  slog.Level
	base   slog.Handler // lastResort, stderr or a *forwarder
	custom slog.Handler // of the program's own; nil means base
	logger *slog.Logger // nil until it is first asked for
}

// A route is one choice of handler. Each change makes a new one, so that its
// address tells whether what was derived from a handler is still good.
type route struct{ handler slog.Handler }

// std is a value and not a pointer to save the fast path a load.
var std core

func (c *core) init(stderr *lineHandler) {
	c.gate.Store(off)
	c.level = LevelWarning
	c.stderr = stderr
	c.lastResort = &lineHandler{out: stderr.out, process: stderr.process, least: LevelWarning}
	c.base = c.lastResort
	c.inbox.attach(c.emit)
}

// log is what the short functions do when the gate lets them through. It must
// be called by them directly: their caller is the record's source.
func (c *core) log(level slog.Level, msg string, args []any) {
	h := c.route.Load().handler
	if !h.Enabled(background, level) {
		return
	}
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:]) // skips itself, log and the short function
	r := slog.NewRecord(time.Now(), level, msg, pcs[0])
	r.Add(args...)
	_ = h.Handle(background, r) // slog drops it too: who logs has no use for it
}

// enabled asks the handler, once the gate is passed. Inlined, it would keep
// Enabled from being so.
//
//go:noinline
func (c *core) enabled(level slog.Level) bool {
	to := c.route.Load()
	return to != nil && to.handler.Enabled(background, level)
}

func (c *core) turnOn() *slog.Logger {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.on {
		c.on = true
		c.rerouteLocked()
	}
	return c.loggerLocked()
}

func (c *core) loggerLocked() *slog.Logger {
	if c.logger == nil {
		c.logger = slog.New(&router{core: c})
	}
	return c.logger
}

func (c *core) logToStderr(level slog.Level) *slog.Logger {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on, c.level, c.base, c.custom = true, level, c.stderr, nil
	c.rerouteLocked()
	return c.loggerLocked()
}

func (c *core) setHandler(h slog.Handler) {
	if r, ok := h.(*router); ok && r.core == c {
		panic("mplog: SetHandler with the Logger's own handler")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = c.on || h != nil
	c.custom = h
	c.rerouteLocked()
}

func (c *core) setLevel(l slog.Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.level = l
	c.setGateLocked()
}

// rerouteLocked must follow each change of on, base and custom.
func (c *core) rerouteLocked() {
	if !c.on {
		return // off since init, and there is no way back
	}
	h := c.custom
	if h == nil {
		h = c.base
	}
	c.route.Store(&route{h})
	c.setGateLocked()
}

// setGateLocked comes after the route is stored: who passes the gate finds one.
func (c *core) setGateLocked() {
	if !c.on {
		return
	}
	least := c.level
	if c.custom == nil && c.base == slog.Handler(c.lastResort) {
		least = max(least, c.lastResort.least)
	}
	c.gate.Store(int64(least))
}
