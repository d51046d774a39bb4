package multiproc_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"multiproc"
	"multiproc/mplog"
)

// logSpeak logs, and has its child do so, as many generations as it is told.
var logSpeak *multiproc.Func[int, int]

func init() {
	logSpeak = multiproc.NewFunc("log-speak", func(ctx context.Context, generations int) (int, error) {
		mplog.Debug("log-speak", "n", generations)
		mplog.Logger().With("with", "größer \xff").WithGroup("group").Warn("log-speak", "n", generations, "list", []int{1, 2})
		if generations == 0 {
			return 0, nil
		}
		return logSpeak.Call(ctx, generations-1)
	})
}

// logProgram registers a program that logs as begin says and then runs.
func logProgram(name string, begin func(), run func(ctx context.Context) error) string {
	return program(name, func() {
		if !multiproc.IsChild() { // children are to learn it from their parent
			begin()
		}
		multiproc.Main(run)
	})
}

func logJSON(w io.Writer, level slog.Level) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
}

// logLines runs a program and returns the lines of its standard error that
// have a word of interest.
func logLines(t *testing.T, program string, words ...string) (lines []string) {
	t.Helper()
	cmd := programCommand(t, program)
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = os.Stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, &stderr)
	}
	for line := range strings.Lines(stderr.String()) {
		for _, word := range words {
			if strings.Contains(line, word) {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
				break
			}
		}
	}
	return lines
}
