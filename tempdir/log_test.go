package tempdir

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"multiproc/mplog"
)

// logTo sets the handler for a test, at level info.
func logTo(t *testing.T, h slog.Handler) {
	t.Helper()
	level := mplog.Level()
	mplog.SetHandler(h)
	mplog.SetLevel(mplog.LevelInfo)
	t.Cleanup(func() {
		mplog.SetHandler(nil)
		mplog.SetLevel(level)
	})
}

func TestCreationIsLogged(t *testing.T) {
	fresh(t)
	var buf bytes.Buffer
	logTo(t, slog.NewJSONHandler(&buf, nil))
	path := get(t)
	get(t)
	_, remove, err := Make("made")
	if err != nil || remove() != nil {
		t.Error(err)
	}
	first, second, _ := strings.Cut(buf.String(), "\n")
	for _, part := range []string{`"INFO"`, `"event":"tempdir-created"`, path} {
		if !strings.Contains(first, part) {
			t.Errorf("%s is not in %s", part, first)
		}
	}
	if strings.Count(second, "\n") != 1 || !strings.Contains(second, "-made") {
		t.Errorf("then logged %s", second)
	}
}

// A handler that itself needs a directory.
type needy struct {
	slog.Handler
	asked *atomic.Int32
}

func (needy) Enabled(context.Context, slog.Level) bool { return true }

func (n needy) Handle(context.Context, slog.Record) error {
	n.asked.Add(1)
	_, err := Get()
	return err
}

func TestHandlerMayComeBack(t *testing.T) {
	fresh(t)
	var asked atomic.Int32
	logTo(t, needy{slog.DiscardHandler, &asked})
	get(t)
	if err := Remove(); err != nil {
		t.Error(err)
	}
	_, remove, err := Make("")
	if err != nil || remove() != nil || asked.Load() == 0 {
		t.Errorf("%v; asked %d times", err, asked.Load())
	}
}
