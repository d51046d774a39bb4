package mplog

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// router is the handler of the Logger. It passes records on to where they go
// now, which may be somewhere else than when the logger was made: a child's
// package variables hold loggers from before it learns how its parent logs.
type router struct {
	core   *core
	parent *router                                // nil for the Logger's own
	derive func(parent slog.Handler) slog.Handler // what makes it differ from parent

	bound atomic.Pointer[binding] // nil until first used
}

// A binding is the handler of a route with all derivations applied.
type binding struct {
	to      *route
	handler slog.Handler
}

func (r *router) Enabled(ctx context.Context, level slog.Level) bool {
	return r.core.gate.Load() <= int64(level) && r.target().Enabled(ctx, level)
}

func (r *router) Handle(ctx context.Context, rec slog.Record) error {
	return r.target().Handle(ctx, rec)
}

func (r *router) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return r
	}
	return &router{core: r.core, parent: r, derive: func(h slog.Handler) slog.Handler {
		return h.WithAttrs(attrs)
	}}
}

func (r *router) WithGroup(name string) slog.Handler {
	if name == "" {
		return r
	}
	return &router{core: r.core, parent: r, derive: func(h slog.Handler) slog.Handler {
		return h.WithGroup(name)
	}}
}

func (r *router) target() slog.Handler { return r.bind(r.core.route.Load()) }

func (r *router) bind(to *route) slog.Handler {
	if r.parent == nil {
		return to.handler
	}
	if b := r.bound.Load(); b != nil && b.to == to {
		return b.handler
	}
	// Two goroutines may both do this: handlers derive without side effects.
	h := r.derive(r.parent.bind(to))
	r.bound.Store(&binding{to, h})
	return h
}
