package multiproc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is measured is the program in testdata/bench, for this test binary
// registers so many functions that they are half of its own start. Whatever is
// compared happens in turns, so that both sides meet the same machine; ratios
// are of medians.

// A benchHost is the running program, in circumstances of its own.
type benchHost struct {
	in  io.Writer
	out *bufio.Reader
}

func benchBuild(b *testing.B, tags ...string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-tags", strings.Join(tags, ","), "-o", path, "./testdata/bench")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func newBenchHost(b *testing.B, path string, args ...string) *benchHost {
	b.Helper()
	// The benchmark's context ends before its clean-up, which ends the host.
	return benchServe(b, exec.CommandContext(context.WithoutCancel(b.Context()), path, append([]string{"serve"}, args...)...))
}

// benchServe starts a program that answers lines.
func benchServe(b *testing.B, cmd *exec.Cmd) *benchHost {
	b.Helper()
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	h := &benchHost{in, bufio.NewReader(out)}
	if line, err := h.out.ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("%q, %v", line, err)
	}
	return h
}

// do has the host do something and returns the numbers that it answers.
func (h *benchHost) do(b *testing.B, what string) (numbers []float64) {
	b.Helper()
	fmt.Fprintln(h.in, what)
	line, err := h.out.ReadString('\n')
	if err != nil {
		b.Fatalf("%s: %q, %v", what, line, err)
	}
	for field := range strings.FieldsSeq(line) {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			b.Fatalf("%s: %q, %v", what, line, err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// A benchSide is one of those that are compared.
type benchSide struct {
	host *benchHost
	what string
}

// A benchTime is the sorted times of a side, in ns.
type benchTime []float64

func (t benchTime) at(percent int) float64 { return t[len(t)*percent/100] }
func (t benchTime) median() float64        { return t.at(50) }

// benchTurns runs each side once in a round, in alternating order.
func benchTurns(b *testing.B, sides ...benchSide) []benchTime {
	b.Helper()
	times := make([]benchTime, len(sides))
	for _, side := range sides {
		side.host.do(b, side.what) // the first one of each is no measure
	}
	for round := 0; b.Loop(); round++ {
		for i := range sides {
			if round%2 == 1 {
				i = len(sides) - 1 - i
			}
			times[i] = append(times[i], sides[i].host.do(b, sides[i].what)[0])
		}
	}
	for _, t := range times {
		slices.Sort(t)
	}
	b.ReportMetric(0, "ns/op") // of all sides together: means nothing
	return times
}

// Start, result and join of a child, against a process of the same program that
// does nothing.
func BenchmarkColdStart(b *testing.B) {
	h := newBenchHost(b, benchBuild(b))
	t := benchTurns(b, benchSide{h, "call"}, benchSide{h, "bare"})
	b.ReportMetric(t[0].median()/1e3, "µs")
	b.ReportMetric(t[0].at(99)/1e3, "p99-µs")
	b.ReportMetric(t[1].median()/1e3, "bare-µs")
	b.ReportMetric(t[0].median()/t[1].median(), "x/bare")
}

// A child that is tied to its parent's life and known to the tracker, against one
// that is detached.
func BenchmarkTiedStart(b *testing.B) {
	h := newBenchHost(b, benchBuild(b))
	t := benchTurns(b, benchSide{h, "call"}, benchSide{h, "untied"})
	b.ReportMetric(t[0].median()/1e3, "µs")
	b.ReportMetric(t[0].median()/t[1].median(), "x/untied")
}

// Register and Unregister, against as many messages there and back.
func BenchmarkRegister(b *testing.B) {
	h := newBenchHost(b, benchBuild(b))
	t := benchTurns(b, benchSide{h, "register"}, benchSide{h, "raw-register"})
	b.ReportMetric(t[0].median()/2e3, "µs")
	b.ReportMetric(t[0].at(99)/2e3, "p99-µs")
	b.ReportMetric(t[1].median()/2e3, "raw-µs")
	b.ReportMetric(t[0].median()/t[1].median(), "x/raw")
}

// The same from a parent that has much, against one that has little.
func BenchmarkColdStartFrom(b *testing.B) {
	path := benchBuild(b)
	memory, most := benchLimits(b)
	for _, c := range []struct{ name, much, little string }{
		{"heap=4GiB", "-heap=4", "-heap=0"},
		{"nofile=hard", "-nofile=1000000", "-nofile=256"},
		{"open=10000", "-open=10000", "-open=0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.much == "-heap=4" && (testing.Short() || memory < 8<<20 || strconv.IntSize == 32) || c.much == "-open=10000" && most < 11_000 {
				b.Skip("too large for this machine, or for -short")
			}
			much, little := newBenchHost(b, path, c.much), newBenchHost(b, path, c.little)
			t := benchTurns(b, benchSide{much, "call"}, benchSide{little, "call"}, benchSide{much, "bare"}, benchSide{little, "bare"})
			b.ReportMetric(t[0].median()/1e3, "µs")
			b.ReportMetric(t[0].median()/t[1].median(), "x/little")
			b.ReportMetric(t[2].median()/t[3].median(), "bare-x/little")
		})
	}
}

// benchLimits returns the memory that is available and the most descriptors.
func benchLimits(b *testing.B) (kib, descriptors uint64) {
	b.Helper()
	info, err1 := os.ReadFile("/proc/meminfo")
	_, available, _ := strings.Cut(string(info), "MemAvailable:")
	_, err2 := fmt.Sscan(available, &kib)
	var files unix.Rlimit
	if err := errors.Join(err1, err2, unix.Getrlimit(unix.RLIMIT_NOFILE, &files)); err != nil {
		b.Fatal(err)
	}
	return kib, files.Max
}

// Starts from eight goroutines at once, each start with result and join.
func BenchmarkColdStarts8(b *testing.B) {
	const starts = 8 * 8 * 1e9
	h := newBenchHost(b, benchBuild(b))
	t := benchTurns(b, benchSide{h, "calls"}, benchSide{h, "bares"})
	b.ReportMetric(starts/t[0].median(), "starts/s")
	b.ReportMetric(starts/t[1].median(), "bare-starts/s")
	b.ReportMetric(t[1].median()/t[0].median(), "x/bare")
}

// There and back, start and join included, against two pipes and a process that
// reads it all and writes it back.
func BenchmarkArgument64MiB(b *testing.B) {
	const moved = 2 * 64 << 20 * 1e3 // in a ns: MB/s
	h := newBenchHost(b, benchBuild(b))
	t := benchTurns(b, benchSide{h, "echo"}, benchSide{h, "raw-echo"})
	b.ReportMetric(moved/t[0].median(), "MB/s")
	b.ReportMetric(moved/t[1].median(), "raw-MB/s")
	b.ReportMetric(t[0].median()/t[1].median(), "x/raw")
}

// What a child that waits costs its parent, with many of them.
func BenchmarkWaiting(b *testing.B) {
	children := 200
	if os.Getenv("MULTIPROC_LONG") != "" {
		children = 1000
	}
	path := benchBuild(b)
	var cost []float64
	for b.Loop() { // each time in another one, for memory that was used once stays
		cost = newBenchHost(b, path).do(b, fmt.Sprint("waiting ", children))
	}
	b.ReportMetric(0, "ns/op") // of the whole: means nothing
	for i, unit := range []string{"descriptors/child", "threads/child", "heap+stack-B/child", "rss-B/child"} {
		b.ReportMetric(cost[i], unit)
	}
}
