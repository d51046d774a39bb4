package mplog

import (
	"context"
	"log/slog"
)

// Keys of attributes.
const (
	// EventKey is the key under which the library's own records name what
	// happened: "shutdown", "child-run", "log-dropped".
	EventKey = "event"

	// ProcessKey is the key under which a record that came from another
	// process names that process. Records of this process don't have it.
	ProcessKey = "process"
)

// SubDebug logs at [LevelSubDebug]. [sub_debug]
//
// args are as those of [slog.Logger.Info]. Like its siblings it does nothing
// until [Logger], [LogToStderr] or [SetHandler] was called, and then only what
// the level allows; a call that does nothing takes less than a nanosecond, but
// for what the caller pays to make args: see [Enabled]. The record's source is
// the caller.
func SubDebug(msg string, args ...any) {
	if std.gate.Load() <= int64(LevelSubDebug) {
		std.log(LevelSubDebug, msg, args)
	}
}

// Debug logs at [LevelDebug]. See [SubDebug]. [debug]
func Debug(msg string, args ...any) {
	if std.gate.Load() <= int64(LevelDebug) {
		std.log(LevelDebug, msg, args)
	}
}

// Info logs at [LevelInfo]. See [SubDebug]. [info]
func Info(msg string, args ...any) {
	if std.gate.Load() <= int64(LevelInfo) {
		std.log(LevelInfo, msg, args)
	}
}

// SubWarning logs at [LevelSubWarning]. See [SubDebug]. [sub_warning]
func SubWarning(msg string, args ...any) {
	if std.gate.Load() <= int64(LevelSubWarning) {
		std.log(LevelSubWarning, msg, args)
	}
}

// Warning logs at [LevelWarning]. See [SubDebug]. [warn]
func Warning(msg string, args ...any) {
	if std.gate.Load() <= int64(LevelWarning) {
		std.log(LevelWarning, msg, args)
	}
}

// Enabled reports whether a record of this level would come out. It is for
// callers whose arguments are dear to make: Go makes them before the call,
// whether or not it does anything.
func Enabled(level slog.Level) bool {
	return std.gate.Load() <= int64(level) && std.enabled(level)
}

// Logger turns logging on and returns the logger, the same one each time.
// [get_logger]
//
// While neither [LogToStderr] nor [SetHandler] was called, its records go to
// standard error, but only those of [LevelWarning] and above: that is the
// last-resort handler of Python's logging.
func Logger() *slog.Logger { return std.turnOn() }

// LogToStderr turns logging on at this level and makes records go to standard
// error, as lines like
//
//	[INFO/Process-1] message key=value
//
// It returns the [Logger]. It takes the place of a handler given to
// [SetHandler]; calling it again does not double lines, it sets the level.
// [log_to_stderr]
//
// Each line is one write to [os.Stderr] as it is at that moment, so that lines
// of several processes don't mix; what would break a line is escaped.
func LogToStderr(level slog.Level) *slog.Logger { return std.logToStderr(level) }

// SetHandler turns logging on and makes records go to h, instead of standard
// error. nil takes h away again: records go where they went before.
//
// The records of child processes started from now on come to h as well, from
// one goroutine of their own. It panics when h belongs to the [Logger], which
// would go round in circles.
func SetHandler(h slog.Handler) { std.setHandler(h) }

// SetLevel sets the lowest level that is logged. It does not turn logging on.
// Children that run already keep theirs.
func SetLevel(l slog.Level) { std.setLevel(l) }

// Level returns the lowest level that is logged, [LevelWarning] unless it was
// set.
func Level() slog.Level {
	std.mu.Lock()
	defer std.mu.Unlock()
	return std.level
}

// background stands for the context that callers of the short functions don't
// give.
var background = context.Background()
