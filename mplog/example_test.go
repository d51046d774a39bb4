package mplog_test

import (
	"fmt"
	"log/slog"
	"os"

	"multiproc/mplog"
)

// Lines go to standard error, which is standard output here for the example's
// sake.
func Example() {
	defer func(stderr *os.File) { os.Stderr = stderr }(os.Stderr)
	os.Stderr = os.Stdout

	logger := mplog.LogToStderr(mplog.LevelInfo)
	mplog.Debug("not shown")
	mplog.Info("ready", "workers", 4, "queue", "two words")
	logger.With("job", 7).WithGroup("disk").Warn("nearly full", "free", 0.03)
	// Output:
	// [INFO/MainProcess] ready workers=4 queue="two words"
	// [WARNING/MainProcess] nearly full job=7 disk.free=0.03
}

// A handler of the program's own gets the records of all its processes.
func ExampleSetHandler() {
	mplog.SetHandler(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // or the output would differ each time
			}
			return a
		},
	}))
	defer mplog.SetHandler(nil)
	mplog.SetLevel(mplog.LevelInfo)

	mplog.Info("process shutting down", mplog.EventKey, "shutdown")
	// Output:
	// {"level":"INFO","msg":"process shutting down","event":"shutdown"}
}

// Arguments are made before a call, also of one that does nothing.
func ExampleEnabled() {
	mplog.SetHandler(slog.NewTextHandler(os.Stdout, nil))
	defer mplog.SetHandler(nil)
	mplog.SetLevel(mplog.LevelInfo)

	if mplog.Enabled(mplog.LevelDebug) {
		mplog.Debug("state", "dump", expensiveDump())
	}
	fmt.Println("no dump was made")
	// Output:
	// no dump was made
}

func expensiveDump() string { panic("made for nothing") }

func ExampleFromPython() {
	for _, level := range []int{5, 10, 20, 25, 30, 32} {
		fmt.Print(int(mplog.FromPython(level)), " ")
	}
	fmt.Println(mplog.ToPython(mplog.LevelSubWarning))
	// Output:
	// -6 -4 0 2 4 5 25
}
