package fd_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc/fd"
	"multiproc/internal/sys"
)

func init() { roles["bench"] = benchClose }

// closePython does in CPython what benchClose does here.
const closePython = `
import os, resource, sys, time
from multiprocessing import util
low, hard = int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if low: resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
util.MAXFD = os.sysconf("SC_OPEN_MAX")
gone = range(30, 38)
null = os.open("/dev/null", os.O_RDWR)
os.dup2(null, 20, inheritable=True); os.dup2(null, 21, inheritable=True)
keep = [1, 2, 20, 21, null]
times = ([], [])
for i in range(2000):
    for which in (0, 1):
        for n in gone: os.dup2(null, n, inheritable=True)
        start = time.perf_counter_ns()
        if which == 0: util.close_all_fds_except(keep)
        else: os.closerange(30, 38)
        times[which].append(time.perf_counter_ns() - start)
print(*(sorted(t)[len(t)//2] for t in times))
`

// benchClose closes eight of what is open, in turns by each means, and prints
// the medians: a bare close_range; CloseAllExcept, of inherited ones and of our
// own; CloexecAllExcept. Argument: RLIMIT_NOFILE, 0 for the hard maximum.
func benchClose() {
	var limit unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	if low := numbersOf(os.Args[1])[0]; low > 0 {
		limit.Cur = uint64(low)
	}
	_ = unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil)
	s := &scene{report: os.Stdout}
	keep := []int{1, 2, 20, 21, 22}
	s.open(false, keep[2:]...)
	gone := []int{30, 31, 32, 33, 34, 35, 36, 37}
	means := []struct {
		cloexec bool
		do      func() error
	}{
		{false, func() error { return sys.CloseRange(30, 37) }},
		{false, func() error { return fd.CloseAllExcept(keep...) }},
		{true, func() error { return fd.CloseAllExcept(keep...) }},
		{false, func() error { return fd.CloexecAllExcept(keep...) }},
	}
	times := make([][]time.Duration, len(means))
	for range 2000 {
		for i, m := range means {
			s.open(m.cloexec, gone...)
			start := time.Now()
			err := m.do()
			times[i] = append(times[i], time.Since(start))
			if err != nil {
				fmt.Println(err)
				return
			}
			_ = fd.Close(gone...)
		}
	}
	for _, t := range times {
		slices.Sort(t)
		fmt.Print(t[len(t)/2].Nanoseconds(), " ")
	}
}

// All but five are closed, of little more than a dozen that are open: what it
// takes must not depend on the limit.
func BenchmarkCloseAllExcept(b *testing.B) {
	for name, low := range map[string]string{"limit=1024": "1024", "limit=hard": "0"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				t := benchNumbers(b, sceneCommand(b, "bench", low))
				b.ReportMetric(0, "ns/op") // of the whole process: means nothing
				for i, what := range []string{"close_range-ns", "inherited-ns", "own-ns", "cloexec-ns"} {
					b.ReportMetric(t[i], what)
				}
				b.ReportMetric(t[1]/t[0], "inherited/close_range")
				if python, err := exec.LookPath("python3"); err == nil {
					if p := benchPython(b, python, low); p != nil {
						b.ReportMetric(t[1]/p[0], "inherited/python")
						b.ReportMetric(p[0], "python-ns")
						b.ReportMetric(p[1], "closerange-ns")
					}
				}
			}
		})
	}
}

func benchNumbers(b *testing.B, cmd *exec.Cmd) (t []float64) {
	b.Helper()
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, n := range numbersOf(string(out)) {
		t = append(t, float64(n))
	}
	return t
}

// benchPython is nil where python3 is older than what is compared with.
func benchPython(b *testing.B, python, low string) []float64 {
	b.Helper()
	version, err := exec.CommandContext(b.Context(), python, "-c",
		"import sys; print(sys.version_info >= (3, 4))").Output()
	if err != nil || strings.TrimSpace(string(version)) != "True" {
		return nil
	}
	return benchNumbers(b, exec.CommandContext(b.Context(), python, "-c", closePython, low))
}

// From the call until the program is reaped, against os/exec, in turns. The
// program does nothing.
func BenchmarkSpawnPassing(b *testing.B) {
	for name, stray := range map[string]int{"sparse": 40, "private": 900} {
		b.Run(name, func(b *testing.B) {
			var n int
			for _, to := range []int{stray, 39} { // a stray, and one that is passed
				flags := 0
				if to == 39 {
					flags, n = unix.O_CLOEXEC, to
				}
				if err := dupNull(to, flags); err != nil {
					b.Fatal(err)
				}
				defer unix.Close(to)
			}
			var ours, theirs []time.Duration
			oursOnce := func() {
				start := time.Now()
				p, err := fd.SpawnPassing("/bin/true", []string{"true"}, []int{n})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Wait(); err != nil {
					b.Fatal(err)
				}
				ours = append(ours, time.Since(start))
			}
			theirsOnce := func() {
				start := time.Now()
				cmd := exec.Command("/bin/true")
				cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				theirs = append(theirs, time.Since(start))
			}
			for round := 0; b.Loop(); round++ {
				if round%2 == 0 {
					oursOnce()
					theirsOnce()
				} else {
					theirsOnce()
					oursOnce()
				}
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			o, t := ours[len(ours)/2], theirs[len(theirs)/2]
			b.ReportMetric(0, "ns/op") // of both together
			b.ReportMetric(float64(o.Microseconds()), "µs/SpawnPassing")
			b.ReportMetric(float64(t.Microseconds()), "µs/exec")
			b.ReportMetric(float64(o)/float64(t), "ratio")
		})
	}
}

func dupNull(to, flags int) error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	return unix.Dup3(null, to, flags)
}
