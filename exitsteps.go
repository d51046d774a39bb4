package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"multiproc/internal/exitseq"
	"multiproc/internal/seam"
	"multiproc/mplog"
)

// flush is the last step: buffered output goes, what nobody asked for is told,
// and the log goes.
func flush(code int) {
	awaitOutput()
	flushStreams()
	logUnasked()
	if IsChild() {
		logEvent("child-exit", fmt.Sprintf("process exiting with exitcode %d", told(code)))
	}
	spares.wait()
	stopTracker()
	const logLimit = 2 * time.Second
	seam.LogClose(logLimit)
}

// awaitOutput waits until what ended children wrote was copied. That takes no
// longer than each one's copyTime, and a second signal ends it.
func awaitOutput() {
	for _, p := range family.unsettled() {
		select {
		case <-p.life.settled:
		case <-exit.wish.skip:
		}
	}
}

// told is what exitWith makes of the code, as Python says it.
func told(code int) int {
	if sig, dies := diesBy(code); dies {
		return -int(sig)
	}
	return exitCode(code)
}

// logEvent writes one of the library's own records.
func logEvent(event, msg string, args ...any) {
	level, log := mplog.LevelInfo, mplog.Info
	if event == "finalizers" { // a detail, in CPython too
		level, log = mplog.LevelDebug, mplog.Debug
	}
	if mplog.Enabled(level) && !isSpare() {
		log(msg, append([]any{mplog.EventKey, event}, args...)...)
	}
}

// sayWaiting tells whoever sits before a program that does not end why.
func sayWaiting(names []string) {
	fmt.Fprintf(os.Stderr, "multiproc: %s: still waiting for %s\n", self().name, strings.Join(names, ", "))
}

// sayLeft tells that a process outlives this one, against the rule.
func sayLeft(name string) {
	fmt.Fprintf(os.Stderr, "multiproc: %s: %s can't be killed, and is left behind\n", self().name, name)
}

// exitChildren are the children that an exit has to see to, and what ended ones
// have left.
func exitChildren() []exitseq.Child {
	var list []exitseq.Child
	for _, r := range remnants.list() {
		list = append(list, r)
	}
	for _, p := range family.list() {
		if !p.detached {
			list = append(list, exitChild{p})
		}
	}
	return list
}

type exitChild struct{ *Process }

func (c exitChild) Grace() time.Duration { return c.grace }

func (c exitChild) AskToEnd(within time.Duration) { _ = c.ask(within) } // gone is as good

// tracePath keeps the processes of one program apart: children put their pid
// before the extension.
func tracePath(path string) string {
	if path == "" || !IsChild() {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(path, ext), os.Getpid(), ext)
}
