package tempdir

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// ratio runs both sides in turn, each b.N times, and tells what they cost.
func ratio(b *testing.B, ours, theirs func()) {
	b.Helper()
	const round = 100
	var spent [2]time.Duration
	rounds := max(1, b.N/round)
	for range rounds {
		for i, side := range []func(){ours, theirs} {
			start := time.Now()
			for range round {
				side()
			}
			spent[i] += time.Since(start)
		}
	}
	n := float64(rounds * round)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(spent[0].Nanoseconds())/n, "ns/ours")
	b.ReportMetric(float64(spent[1].Nanoseconds())/n, "ns/theirs")
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "ratio")
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func stdMakeRemove(b *testing.B) {
	path, err := os.MkdirTemp("", "bench-") //nolint:usetesting // the other side
	check(b, err)
	check(b, os.RemoveAll(path))
}

// Make and remove against os.MkdirTemp and os.RemoveAll: while the process has
// another directory, and as its only one, when the lock is made too.
func BenchmarkMakeRemove(b *testing.B) {
	ours := func() {
		_, remove, err := Make("bench-")
		check(b, err)
		check(b, remove())
	}
	for _, place := range []string{"", "/dev/shm"} {
		if place != "" {
			dir, err := os.MkdirTemp(place, "b") //nolint:usetesting // it is there for its file system
			if err != nil {
				continue // there is no such thing here
			}
			b.Setenv("TMPDIR", dir)
			defer os.Remove(dir)
		}
		name := map[string]string{"": "disk", "/dev/shm": "memory"}[place]
		b.Run(name+"/further", func(b *testing.B) {
			_, err := Get()
			check(b, err)
			ratio(b, ours, func() { stdMakeRemove(b) })
			check(b, Remove())
		})
		b.Run(name+"/only", func(b *testing.B) { ratio(b, ours, func() { stdMakeRemove(b) }) })
	}
}

// A Get that makes nothing, against the lstat(2) in it.
func BenchmarkGet(b *testing.B) {
	path, err := Get()
	check(b, err)
	ratio(b, func() { Get() }, func() { os.Lstat(path) })
	check(b, Remove())
}

// A tree of 100,000 files in 100 directories, against rm -rf.
func BenchmarkRemoveLarge(b *testing.B) {
	plant := func() (string, func() error) {
		top, remove, err := Make("")
		check(b, err)
		for i := range 100 {
			dir := filepath.Join(top, fmt.Sprint(i))
			check(b, os.Mkdir(dir, 0o700))
			for j := range 1000 {
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(j)))
				check(b, err)
				f.Close()
			}
		}
		return top, remove
	}
	var ours, rm time.Duration
	for b.Loop() {
		_, remove := plant()
		start := time.Now()
		check(b, remove())
		ours += time.Since(start)

		top, remove := plant()
		start = time.Now()
		if err := exec.CommandContext(b.Context(), "rm", "-rf", top).Run(); err != nil {
			b.Skip("no rm here:", err, remove())
		}
		rm += time.Since(start)
		check(b, remove())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/ours")
	b.ReportMetric(rm.Seconds()/float64(b.N), "s/rm")
	b.ReportMetric(float64(ours)/float64(rm), "ratio")
}
