package mplog

import (
	"log/slog"
	"strconv"
)

// The levels of CPython's multiprocessing.util on slog's scale, where
// python = 20 + 2.5*slog.
const (
	LevelSubDebug   = slog.Level(-6)  // SUBDEBUG, 5 in Python
	LevelDebug      = slog.LevelDebug // DEBUG, 10
	LevelInfo       = slog.LevelInfo  // INFO, 20
	LevelSubWarning = slog.Level(2)   // SUBWARNING, 25
	LevelWarning    = slog.LevelWarn  // WARNING, 30
)

// extremeLevel keeps the arithmetic of the conversions within 32 bits.
const extremeLevel = 100_000_000

// FromPython converts a level of Python's logging module to the nearest one of
// slog. Multiples of five, which all levels with a name are, convert exactly.
// Python's scale is the finer one, so that [ToPython] gives back each number
// whose last digit is 0, 2, 5 or 7, and one that is off by one for the others.
// The order of levels is kept. Numbers beyond ±100,000,000 are cut off there.
func FromPython(level int) slog.Level {
	level = min(max(level, -extremeLevel), extremeLevel)
	// (level-20) / 2.5, rounded; a tie can't happen.
	return slog.Level(floorDiv(4*(level-20)+5, 10))
}

// ToPython converts a level of slog to one of Python's logging module. Odd
// levels lie between two numbers and get the lower one. [FromPython] gives
// back the same level for each. Levels beyond ±100,000,000 are cut off there.
func ToPython(l slog.Level) int {
	level := min(max(int(l), -extremeLevel), extremeLevel)
	return 20 + floorDiv(5*level, 2)
}

// floorDiv rounds towards minus infinity, so that there is no step of double
// width at zero. d is positive.
func floorDiv(n, d int) int {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}

var levelNames = [...]struct {
	level slog.Level
	name  string
}{
	{LevelSubDebug, "SUBDEBUG"},
	{LevelDebug, "DEBUG"},
	{LevelInfo, "INFO"},
	{LevelSubWarning, "SUBWARNING"},
	{LevelWarning, "WARNING"},
	{slog.LevelError, "ERROR"},
}

// appendLevel names l by the closest level below it, as slog does: INFO+1.
// What is lower than all counts down from the lowest: SUBDEBUG-2.
func appendLevel(b []byte, l slog.Level) []byte {
	base := levelNames[0]
	for _, n := range levelNames[1:] {
		if l < n.level {
			break
		}
		base = n
	}
	b = append(b, base.name...)
	if l > base.level {
		b = append(b, '+')
	}
	if l != base.level {
		b = strconv.AppendInt(b, int64(l-base.level), 10)
	}
	return b
}
