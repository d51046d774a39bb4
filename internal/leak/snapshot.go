package leak

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// A Snapshot is what there was at one moment. Its methods may be called from
// one goroutine at a time.
type Snapshot struct {
	// Rest, unless it is nil, is called before each look, to have let go of
	// what is kept for later.
	Rest func()

	// Prefix limits the files that count to names that begin with it, in
	// directories that others use too. Empty: all count.
	Prefix string

	host
	goroutines map[string]bool
	temp       string
	tempNames  []string
}

// Take looks at this process and what belongs to it: under [Main] or [Run] at
// all processes with the gate's mark, else at the descendants alone.
//
// The directory for temporary files is looked at as it is named now.
func Take() *Snapshot {
	marks := strings.Split(os.Getenv(MarkEnv), ",")
	return take(marks[len(marks)-1])
}

func take(mark string) *Snapshot {
	s := &Snapshot{temp: os.TempDir()}
	s.host = takeHost(mark)
	s.tempNames = names(s.temp)
	s.goroutines = map[string]bool{}
	for _, g := range goroutines() {
		s.goroutines[g.id] = true
	}
	return s
}

// Since returns what is there now and was not when s was taken, a leak an
// element, each in words. What is on its way out is given time, limit at most;
// Since returns as soon as nothing is left.
//
// The garbage collector rests meanwhile: a file that was dropped unclosed is a
// leak, even if a finalizer would close it sooner or later.
func (s *Snapshot) Since(limit time.Duration) []string {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	deadline := time.Now().Add(limit)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if s.Rest != nil {
			s.Rest()
		}
		leaks := s.leaks()
		if len(leaks) == 0 || time.Now().After(deadline) {
			return leaks
		}
		time.Sleep(pause) //nolint:forbidigo // nothing tells of the end of a stranger's goroutine
	}
}

func (s *Snapshot) leaks() []string {
	leaks := s.hostLeaks(s.Prefix)
	for _, n := range names(s.temp) {
		path := filepath.Join(s.temp, n)
		if slices.Contains(s.tempNames, n) || !strings.HasPrefix(n, s.Prefix) || s.Prefix != "" && s.heldElsewhere(path) {
			continue
		}
		leaks = append(leaks, "temporary file "+describe(path))
	}
	for _, g := range goroutines() {
		if !s.goroutines[g.id] && !g.harmless() {
			leaks = append(leaks, "goroutine, still running:\n\t\t"+strings.ReplaceAll(g.stack, "\n", "\n\t\t"))
		}
	}
	return leaks
}

// names lists a directory; one that can't be read has none.
func names(dir string) []string {
	entries, _ := os.ReadDir(dir)
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.Name()
	}
	return list
}

// describe tells a path with its kind, and what is in it when it is a directory.
func describe(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return fmt.Sprintf("%q (%v)", path, err)
	case info.IsDir():
		return fmt.Sprintf("%q (a directory with %q)", path, names(path))
	}
	return fmt.Sprintf("%q (%v)", path, info.Mode())
}
