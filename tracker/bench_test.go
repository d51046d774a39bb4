package tracker_test

import (
	"testing"

	"multiproc/tracker"
)

// Register and Unregister, one after the other. Against a raw echo it is
// measured in the root package.
func BenchmarkRegister(b *testing.B) {
	for b.Loop() {
		if err := tracker.File.Register("none"); err != nil {
			b.Fatal(err)
		}
		if err := tracker.File.Unregister("none"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*b.N), "µs/message")
}
