package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchSteps are the sorted times of a kind of start, see testdata/bench.
type benchSteps [3]benchTime

// What the times are counted to.
const (
	benchRan = iota
	benchResult
	benchReaped
)

var benchStepNames = [3]string{"run", "result", "reaped"}

// A benchKind is how a host is told to start something.
type benchKind struct {
	host *benchHost
	line string
}

// benchSeries has each kind do series of starts in turns.
func benchSeries(b *testing.B, kinds map[string]benchKind) map[string]*benchSteps {
	b.Helper()
	all := map[string]*benchSteps{}
	for name := range kinds {
		all[name] = &benchSteps{}
	}
	for b.Loop() {
		for name, kind := range kinds { // in whatever order comes
			for i, ns := range kind.host.do(b, kind.line) {
				all[name][i%3] = append(all[name][i%3], ns)
			}
		}
	}
	for _, steps := range all {
		for i := range steps {
			slices.Sort(steps[i])
		}
	}
	b.ReportMetric(0, "ns/op") // of all together: means nothing
	return all
}

// benchWarmKinds are a warm start, a cold one, a bare exec of the same program,
// and a message there and back; of a light program or of a heavy one.
func benchWarmKinds(b *testing.B, pause time.Duration, tags ...string) map[string]benchKind {
	b.Helper()
	h := newBenchHost(b, benchBuild(b, tags...), "-spares=16")
	kinds := map[string]benchKind{}
	for _, kind := range []string{"warm", "cold", "exec", "wake"} {
		kinds[kind] = benchKind{h, fmt.Sprintf("series %s 8 %v", kind, pause)}
	}
	return kinds
}

func benchReportWarm(b *testing.B, all map[string]*benchSteps) {
	b.Helper()
	warm := all["warm"]
	for i, step := range benchStepNames {
		b.ReportMetric(warm[i].median()/1e3, step+"-µs")
		b.ReportMetric(warm[i].at(99)/1e3, step+"-p99-µs")
		b.ReportMetric(all["cold"][i].median()/warm[i].median(), "cold/"+step)
	}
	exec, wake := all["exec"][benchReaped].median(), all["wake"][benchReaped].median()
	b.ReportMetric(exec/1e3, "exec-µs")
	b.ReportMetric(exec/warm[benchRan].median(), "exec/run")
	b.ReportMetric(wake/1e3, "wake-µs")
	b.ReportMetric(warm[benchRan].median()/wake, "run/wake")
}

// A warm start, one after another and with pauses in which everybody falls
// asleep; of a program that links little, and of one that links net/http.
func BenchmarkWarmStart(b *testing.B) {
	for name, pause := range map[string]time.Duration{"dense": 0, "paced": 5 * time.Millisecond} {
		b.Run("light/"+name, func(b *testing.B) { benchReportWarm(b, benchSeries(b, benchWarmKinds(b, pause))) })
		b.Run("heavy/"+name, func(b *testing.B) { benchReportWarm(b, benchSeries(b, benchWarmKinds(b, pause, "heavy"))) })
	}
}

// The same against CPython's start methods.
func BenchmarkWarmStartAgainstPython(b *testing.B) {
	python := benchPython(b)
	for name, pause := range map[string]time.Duration{"dense": 0, "paced": 5 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			kinds := benchWarmKinds(b, pause)
			for _, method := range []string{"fork", "forkserver", "spawn"} {
				kinds[method] = benchKind{benchServe(b, exec.CommandContext(context.WithoutCancel(b.Context()),
					python, "testdata/bench/starts.py")), fmt.Sprint(method, " 3 ", pause.Seconds())}
			}
			all := benchSeries(b, kinds)
			for _, method := range []string{"fork", "forkserver", "spawn"} {
				for i, step := range benchStepNames {
					b.ReportMetric(all[method][i].median()/all["warm"][i].median(), method+"/"+step)
				}
				b.ReportMetric(all[method][benchReaped].median()/all["cold"][benchReaped].median(), method+"/cold-reaped")
			}
		})
	}
}

// benchPython returns $PYTHON or python3, if it is 3.13 or later.
func benchPython(b *testing.B) string {
	b.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	const ask = "import sys; sys.exit(sys.version_info < (3, 13))"
	if err := exec.CommandContext(b.Context(), python, "-c", ask).Run(); err != nil {
		b.Skip("there is no Python 3.13: set PYTHON")
	}
	return python
}

// Warm starts from eight goroutines at once, against cold ones.
func BenchmarkWarmStarts8(b *testing.B) {
	const starts = 8 * 8 * 1e9
	h := newBenchHost(b, benchBuild(b), "-spares=16")
	t := benchTurns(b, benchSide{h, "warms"}, benchSide{h, "calls"})
	b.ReportMetric(starts/t[0].median(), "starts/s")
	b.ReportMetric(starts/t[1].median(), "cold-starts/s")
	b.ReportMetric(t[1].median()/t[0].median(), "x/cold")
}

// The memory of an idle spare: its share of what is shared, and its own.
func BenchmarkIdleSpare(b *testing.B) {
	for _, tags := range [][]string{nil, {"heavy"}} {
		b.Run("tags="+strings.Join(tags, ","), func(b *testing.B) {
			var kib []float64
			h := newBenchHost(b, benchBuild(b, tags...), "-spares=4")
			for b.Loop() {
				kib = append(kib, h.do(b, "memory")...)
			}
			slices.Sort(kib)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(benchTime(kib).median(), "KiB-PSS")
		})
	}
}
