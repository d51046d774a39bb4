//go:build unix

package parity_test

import (
	"bufio"
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A line of the log of either language.
var logLine = regexp.MustCompile(`^\[(.+)/([\w:-]+)\] (.*)$`)

// What is said by the programs themselves.
var saidLine = regexp.MustCompile(`^@(([\w:-]+): .*)$`)

// The records that have a name in the trace, as each language says them.
var (
	pythonEvents = []event{
		{regexp.MustCompile(`^process shutting down$`), "shutdown"},
		{regexp.MustCompile(`^running all "atexit" finalizers with priority >= 0$`), "finalizers >= 0"},
		{regexp.MustCompile(`^running the remaining "atexit" finalizers$`), "remaining finalizers"},
		{regexp.MustCompile(`^calling terminate\(\) for daemon (\S+)$`), "terminate daemon $1"},
		{regexp.MustCompile(`^calling join\(\) for process (\S+)$`), "join $1"},
		{regexp.MustCompile(`^child process calling self.run\(\)$`), "child-run"},
		{regexp.MustCompile(`^process exiting with exitcode (\S+)$`), "child-exit $1"},
		{regexp.MustCompile(`^after forker raised exception `), "after-fork hook failed"},
	}
	goEvents = []event{
		{regexp.MustCompile(` event=shutdown$`), "shutdown"},
		{regexp.MustCompile(` event=finalizers pass=before-children$`), "finalizers >= 0"},
		{regexp.MustCompile(` event=finalizers pass=after-children$`), "remaining finalizers"},
		{regexp.MustCompile(` event=terminate-daemon child=(\S+) pid=\d+$`), "terminate daemon $1"},
		{regexp.MustCompile(` event=join child=(\S+) pid=\d+$`), "join $1"},
		{regexp.MustCompile(` event=child-run func=\S+$`), "child-run"},
		{regexp.MustCompile(`^process exiting with exitcode (\S+) event=child-exit$`), "child-exit $1"},
		{regexp.MustCompile(` event=after-fork-failed `), "after-fork hook failed"},
	}
)

type event struct {
	pattern *regexp.Regexp
	name    string // a template of Regexp.Expand
}

// normalise makes a trace of what the processes of a program wrote. The lines
// of each are in their order; who of two processes came first is left out,
// since that is up to the machine. What orders them is shown within one: the
// main process says what has become of the others.
func (s *scenario) normalise(output string, known []event) []string {
	type entry struct{ process, text string }
	var list []entry
	terminated := map[string]bool{}
	for text := range lineSeq(output) {
		if said := saidLine.FindStringSubmatch(text); said != nil {
			list = append(list, entry{said[2], said[1]})
			continue
		}
		m := logLine.FindStringSubmatch(text)
		if m == nil { // a traceback, a panic
			continue
		}
		level, process, message := m[1], m[2], m[3]
		if s.logs == records {
			if strings.HasPrefix(message, "record") {
				list = append(list, entry{process, text})
			}
			continue
		}
		name := eventName(message, known)
		if name == "" || s.logs == events && process != "MainProcess" {
			continue
		}
		// CPython's wait for a daemon that it has terminated is a join of its
		// own; and it takes note of the daemon's end or does not, as it comes.
		if d, ok := strings.CutPrefix(name, "terminate daemon "); ok {
			terminated["join "+d] = true
		} else if terminated[name] {
			continue
		}
		list = append(list, entry{process, process + ": " + level + " " + name})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(rank(a.process), rank(b.process)) })
	trace := make([]string, len(list))
	for i, e := range list {
		trace[i] = e.text
	}
	return trace
}

// rank puts the main process before its children.
func rank(process string) string {
	if process == "MainProcess" {
		return ""
	}
	return process
}

func eventName(message string, known []event) string {
	for _, e := range known {
		if m := e.pattern.FindStringSubmatchIndex(message); m != nil {
			return string(e.pattern.ExpandString(nil, e.name, message, m))
		}
	}
	return ""
}

func lineSeq(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for in := bufio.NewScanner(strings.NewReader(s)); in.Scan() && yield(in.Text()); {
		}
	}
}
