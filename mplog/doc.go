// Package mplog is the log of a program that runs in several processes: it
// says what the multiprocessing library does, from every process, in one
// place. It mirrors the logging section of CPython's multiprocessing.util on
// top of [log/slog].
//
// Logging is off, and costs next to nothing, until one of [Logger],
// [LogToStderr] or [SetHandler] is called:
//
//	func main() {
//		mplog.LogToStderr(mplog.LevelInfo)
//		mplog.Info("ready", "workers", 4) // [INFO/MainProcess] ready workers=4
//	}
//
// # Where records go
//
//   - After [LogToStderr]: to standard error, as lines that begin with level
//     and process.
//   - After [SetHandler]: to that handler, and nowhere else.
//   - After [Logger] alone: CPython's last resort, that is standard error and
//     only what is a warning or worse, whatever the level is set to.
//
// The last call wins. Loggers that were made earlier follow.
//
// Two gates stand before a handler: the level ([SetLevel], WARNING unless it
// was set, as it is in effect in CPython) and the handler's own Enabled.
//
// # Child processes
//
// A child started through multiproc logs as its parent did at that moment:
// same level, and lines on standard error if the parent wrote lines. Where
// the parent had a handler of its own, the records of its children (and of
// theirs) travel to it and come out there, whatever their package
// initialisation had set up. They carry the name of the process they come
// from under [ProcessKey], and the position in the source where they were
// made: as the record's PC where that can be had, otherwise as a [slog.Source]
// under [slog.SourceKey].
//
// Strings, numbers, booleans, times, durations and groups arrive as they were.
// Errors and all other values arrive as their text.
//
// Nobody waits for a slow reader. Between processes records pass through
// buffers of 1,024 records or 1 MiB; what finds one full is dropped, counted,
// and reported by one record with the event "log-dropped" and the count. When
// the parent is gone, records for it are dropped silently.
//
// # Events
//
// The library's own records carry an attribute [EventKey] with a stable name
// such as "shutdown". Match on that, not on the sentence, which may change.
//
// # What it does not do
//
// It rotates, samples and formats nothing, and is not in the way of a
// program's own [slog.Default]; give that one's handler to [SetHandler] to
// have both in one place.
//
// All functions may be called from any goroutine at any time, the first one
// included.
package mplog
