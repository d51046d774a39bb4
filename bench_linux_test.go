package multiproc_test

import (
	"bufio"
	"context"
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

func benchBuild(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-o", path, "./testdata/bench")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func newBenchHost(b *testing.B, path string, args ...string) *benchHost {
	b.Helper()
	// The benchmark's context ends before its clean-up, which ends the host.
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), path, append([]string{"serve"}, args...)...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
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

func (t benchTime) median() float64 { return t[len(t)/2] }
func (t benchTime) p99() float64    { return t[len(t)*99/100] }

// benchTurns runs each side once in a round, in alternating order.
func benchTurns(b *testing.B, sides ...benchSide) []benchTime {
	b.Helper()
	times := make([]benchTime, len(sides))
	for _, side := range sides {
		side.host.do(b, side.what) // the first one of each is no measure
	}
	order := make([]int, len(sides))
	for i := range order {
		order[i] = i
	}
	for b.Loop() {
		for _, i := range order {
			times[i] = append(times[i], sides[i].host.do(b, sides[i].what)[0])
		}
		slices.Reverse(order)
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
	b.ReportMetric(t[0].p99()/1e3, "p99-µs")
	b.ReportMetric(t[1].median()/1e3, "bare-µs")
	b.ReportMetric(t[0].median()/t[1].median(), "x/bare")
}

// The same from a parent that has much, against one that has little.
func BenchmarkColdStartFrom(b *testing.B) {
	path := benchBuild(b)
	for _, c := range []struct{ name, much, little string }{
		{"heap=4GiB", "-heap=4", "-heap=0"},
		{"nofile=hard", "-nofile=1000000", "-nofile=256"},
		{"open=10000", "-open=10000", "-open=0"},
	} {
		b.Run(c.name, func(b *testing.B) {
			if strings.HasPrefix(c.name, "heap") && benchMemory(b) < 8<<30 {
				b.Skip("less than 8 GiB of memory are free")
			}
			much, little := newBenchHost(b, path, c.much), newBenchHost(b, path, c.little)
			t := benchTurns(b, benchSide{much, "call"}, benchSide{little, "call"}, benchSide{much, "bare"}, benchSide{little, "bare"})
			b.ReportMetric(t[0].median()/1e3, "µs")
			b.ReportMetric(t[0].median()/t[1].median(), "x/little")
			b.ReportMetric(t[2].median()/t[3].median(), "bare-x/little")
		})
	}
}

func benchMemory(b *testing.B) uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		b.Fatal(err)
	}
	return uint64(info.Freeram) * uint64(info.Unit) //nolint:unconvert // 32 bits on some
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

// What a child that waits costs its parent, with a thousand of them.
func BenchmarkWaiting1000(b *testing.B) {
	h := newBenchHost(b, benchBuild(b))
	var cost []float64
	for b.Loop() {
		cost = h.do(b, "waiting")
	}
	b.ReportMetric(0, "ns/op") // of the whole: means nothing
	for i, unit := range []string{"descriptors/child", "threads/child", "heap+stack-B/child", "rss-B/child"} {
		b.ReportMetric(cost[i], unit)
	}
}
