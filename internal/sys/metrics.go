package sys

import "unsafe"

// Importing runtime/metrics would be the clean way to read these two, but its
// initialisation costs each child 50 µs, a twentieth of its life, to serve its
// parent; so the function behind it is called directly. The runtime promises
// the layout to that package only: a test compares the two.
//
//go:linkname readMetrics runtime/metrics.runtime_readMetrics
func readMetrics(samples unsafe.Pointer, length, capacity int)

// metric is runtime/metrics.Sample.
type metric struct {
	name    string
	kind    int
	scalar  uint64
	pointer unsafe.Pointer
}

// GCSettings returns the GC percentage and the memory limit in force, both as
// runtime/metrics counts them: off is the largest number of the type.
func GCSettings() (percent, limit uint64) {
	m := [2]metric{{name: "/gc/gogc:percent"}, {name: "/gc/gomemlimit:bytes"}}
	readMetrics(unsafe.Pointer(&m[0]), len(m), len(m))
	return m[0].scalar, m[1].scalar
}
