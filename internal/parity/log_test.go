//go:build unix

package parity_test

import (
	"context"
	"errors"

	"multiproc"
	"multiproc/mplog"
)

// setPython sets a level as Python's logging module counts them.
func setPython(level int) { mplog.SetLevel(mplog.FromPython(level)) }

// TESTS 13-15: which records come out at which level, and the level of a child.
var (
	_ = add(scenario{name: "log-levels", logs: records, main: plain(func(ctx context.Context) error {
		mplog.LogToStderr(mplog.LevelWarning)
		for _, level := range []int{5, 10, 20, 25, 32, 37, 5} {
			setPython(level)
			say("level %d", mplog.ToPython(mplog.Level()))
			logAll()
			if _, err := logChild.Call(ctx, none{}); err != nil {
				return err
			}
		}
		return nil
	})})

	logChild = multiproc.NewFunc("log", func(context.Context, none) (none, error) {
		say("level %d", mplog.ToPython(mplog.Level()))
		logAll()
		return none{}, nil
	})
)

func logAll() {
	mplog.SubDebug("record sub_debug")
	mplog.Debug("record debug")
	mplog.Info("record info")
	mplog.SubWarning("record sub_warning")
}

// In CPython two levels have no name, and nothing comes out twice here when
// LogToStderr is called twice (TESTS 18).
var _ = add(scenario{name: "log-names", logs: records, differs: true, main: plain(func(ctx context.Context) error {
	mplog.LogToStderr(mplog.LevelSubDebug)
	logAll()
	_, err := logChild.Call(ctx, none{})
	mplog.LogToStderr(mplog.LevelInfo)
	mplog.Info("record twice")
	return err
})})

// Without LogToStderr nothing comes out, whatever is logged.
var _ = add(scenario{name: "log-off", logs: records, main: plain(func(ctx context.Context) error {
	logAll()
	_, err := logChild.Call(ctx, none{})
	return err
})})

// TESTS 17. All events of a run. In CPython a child says that it exits before
// it does, since 3.13.
var (
	_ = add(scenario{name: "log-events", logs: allEvents, differs: true, main: plain(func(ctx context.Context) error {
		mplog.LogToStderr(mplog.LevelDebug)
		daemon, err := start(tidies, multiproc.Options{Daemon: true})
		if err != nil {
			return err
		}
		err = errors.Join(hold("a"), outcome(returns, ""), outcome(fails, ""))
		say("%s", exitcode(daemon))
		return err
	})})
)
