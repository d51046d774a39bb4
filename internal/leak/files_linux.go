package leak

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// startPoller makes the runtime open its epoll and eventfd now, so that any
// seen later are a program's own.
func startPoller() {
	r, w, err := os.Pipe()
	if err != nil {
		return // out of descriptors: what follows will say so
	}
	r.Close()
	w.Close()
}

// descriptors maps the open ones to what they are.
func descriptors() map[int]string { return descriptorsOf("/proc/self/fd") }

func descriptorsOf(dir string) map[int]string {
	open := map[int]string{}
	for _, n := range names(dir) {
		// The one that the listing itself used is gone by now.
		target, err := os.Readlink(filepath.Join(dir, n))
		number, notNumber := strconv.Atoi(n)
		if err == nil && notNumber == nil {
			open[number] = target
		}
	}
	return open
}

// testOutputs names the files of the two flags whose output package testing
// leaves open for the rest of the process.
func testOutputs() map[string]bool {
	value := func(name string) string {
		if f := flag.Lookup("test." + name); f != nil {
			return f.Value.String()
		}
		return ""
	}
	files := map[string]bool{}
	for _, name := range []string{"cpuprofile", "trace"} {
		path := value(name)
		if path != "" && !filepath.IsAbs(path) {
			path = filepath.Join(value("outputdir"), path)
		}
		if path == "" {
			continue
		}
		if abs, err := filepath.Abs(path); err == nil {
			if real, err := filepath.EvalSymlinks(abs); err == nil {
				files[real] = true
			}
		}
	}
	return files
}

// heldByOthers tells whether a process that is not in ours has path, or
// something below it, open or mapped: then it is that one's and not a leak of
// ours, for /dev/shm belongs to the whole machine.
func heldByOthers(path string, ours map[int]bool) bool {
	under := func(s string) bool { return s == path || strings.HasPrefix(s, path+"/") }
	for _, p := range processes() {
		if ours[p.pid] {
			continue
		}
		for _, target := range descriptorsOf(procPath(p.pid, "fd")) {
			if under(strings.TrimSuffix(target, " (deleted)")) {
				return true
			}
		}
		maps, _ := os.ReadFile(procPath(p.pid, "maps"))
		for line := range bytes.Lines(maps) {
			if at := bytes.IndexByte(line, '/'); at >= 0 && under(string(bytes.TrimSpace(line[at:]))) {
				return true
			}
		}
	}
	return false
}
