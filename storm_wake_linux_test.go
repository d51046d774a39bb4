package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"multiproc/tracker"
)

// A stormWake is registered by a process of a storm. It is there for its
// clean-up, which looks around.
type stormWake struct {
	PID             int
	Mark, Path, Log string
}

const stormLate = "late" // path: what it had started was there when what it had registered went

// stormWakes tells of programs that outlive the clean-up of their dead owner's
// resources, which they may still use.
var stormWakes = tracker.NewKind("storm-wake", func(_ context.Context, w stormWake) error {
	if owner, ok := stormRead(fmt.Sprintf("/proc/%d/stat", w.PID)); ok && owner.state != "Z" {
		return nil // it leaves in order
	}
	const dying = 300 * time.Millisecond // a signal is on its way
	for end := time.Now().Add(dying); ; time.Sleep(5 * time.Millisecond) {
		left := w.left()
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			log, err := os.OpenFile(w.Log, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer log.Close()
			_, err = fmt.Fprintln(log, stormLate, w.Path, left)
			return err
		}
	}
})

// left lists the programs that the process has started, and has known of.
func (w stormWake) left() (left []stormProc) {
	text, _ := os.ReadFile(w.Log)
	scan := stormScan{seen: map[stormKey]stormProc{}}
	stats, _ := filepath.Glob("/proc/[1-9]*/stat")
	for _, stat := range stats {
		p, ok := stormRead(stat)
		if !ok || p.state == "Z" || !strings.Contains(string(text), stormStarted+" "+strconv.Itoa(p.group)+"\n") {
			continue
		}
		p = scan.identify(p, stormProc{path: "?"})
		number, below := strings.CutPrefix(p.path, w.Path+"/")
		if p.mark == w.Mark && p.what == "program" && below && !strings.Contains(number, "/") {
			left = append(left, p)
		}
	}
	return left
}

// register makes this process one whose wake is looked at.
func (a stormArg) register() {
	w := stormWake{os.Getpid(), os.Getenv(stormMark), a.Path, a.Base + ".log"}
	if err := stormWakes.Register(w); err != nil {
		stormSay(stormOdd, a.Path, "register", err)
	}
}
