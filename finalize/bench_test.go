package finalize

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

var sizes = []int{1_000, 10_000, 100_000, 1_000_000}

func nothing() error            { return nil }
func nothingWith(string) error  { return nil }
func nothingWithout(*Finalizer) {}

// An object is large enough not to share its memory with others.
type object struct {
	_ *int
	_ [7]int
}

// What it takes to make and cancel one without object, with others registered.
func BenchmarkAtExitCancel(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			others := make([]*Finalizer, n)
			for i := range others {
				others[i] = AtExit(nothing, i%10)
			}
			b.ReportAllocs()
			for b.Loop() {
				AtExit(nothing, 0).Cancel()
			}
			b.StopTimer()
			for _, f := range others {
				f.Cancel()
			}
		})
	}
}

// The share of BenchmarkAtExitCancel that notes where the finalizer was made.
func BenchmarkWhere(b *testing.B) {
	for b.Loop() {
		where()
	}
}

func BenchmarkAtExitCall(b *testing.B) {
	for b.Loop() {
		if ran, _ := AtExit(nothing, 0).Call(); !ran {
			b.Fatal("did not run")
		}
	}
}

// A pass over n finalizers of mixed priorities, each.
func BenchmarkRunAll(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRegistry()
			var spent time.Duration
			for b.Loop() {
				b.StopTimer()
				for i := range n {
					atExit(r, nothing, plan{atExit: true, priority: i % 10})
				}
				b.StartTimer()
				start := time.Now()
				if err := r.runFrom(0); err != nil {
					b.Fatal(err)
				}
				spent += time.Since(start)
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/float64(n), "ns/finalizer")
		})
	}
}

// Cancel and make anew on objects in random order, n of which have a finalizer,
// against the runtime's AddCleanup and Stop on the same objects. Rounds of both
// alternate, so that the ratio is one of equal conditions.
func BenchmarkAttachCancel(b *testing.B) {
	for _, n := range append([]int{1}, sizes...) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const round = 1000
			r := newRegistry()
			objects := make([]*object, n)
			ours := make([]*Finalizer, n)
			raw := make([]runtime.Cleanup, n)
			for i := range objects {
				objects[i] = new(object)
			}
			renew := func(i int) {
				if ours[i] != nil {
					ours[i].Cancel()
				}
				ours[i] = attach(r, objects[i], nothingWith, "x", plan{atExit: true, site: where()})
			}
			renewRaw := func(i int) {
				raw[i].Stop()
				raw[i] = runtime.AddCleanup(objects[i], nothingWithout, nil)
			}
			// One side at a time holds its n: the runtime searches what both
			// have on an object's page.
			measure := func(renew func(int)) (spent time.Duration) {
				for range max(1, b.N/round) {
					order := rand.Perm(n)
					start := time.Now()
					for i := range round {
						renew(order[i%n])
					}
					spent += time.Since(start)
				}
				return spent
			}
			for i := range objects {
				renewRaw(i)
			}
			rawTime := measure(renewRaw)
			for i := range objects {
				raw[i].Stop()
			}
			for i := range objects {
				renew(i)
			}
			oursTime := measure(renew)
			runtime.KeepAlive(objects)
			calls := float64(max(1, b.N/round) * round)
			b.ReportMetric(0, "ns/op") // includes the preparation
			b.ReportMetric(float64(oursTime.Nanoseconds())/calls, "ns/ours")
			b.ReportMetric(float64(rawTime.Nanoseconds())/calls, "ns/raw")
			b.ReportMetric(float64(oursTime)/float64(rawTime), "ratio")
		})
	}
}
