//go:build unix

package pool_test

import (
	"context"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/sys"
	"multiproc/pool"
)

// echoRaw is the other side of a raw socketpair: what a round trip costs at
// least.
var echoRaw = multiproc.NewFunc("echoRaw", func(context.Context, struct{}) (struct{}, error) {
	f, _ := multiproc.InheritedFile("echo")
	fd := int(f.Fd())
	buf := make([]byte, 64)
	for {
		n, err := sys.Read(fd, buf)
		if n == 0 || err != nil {
			return struct{}{}, err
		}
		if err := sys.WriteAll(fd, buf[:n]); err != nil {
			return struct{}{}, err
		}
	}
})

// rawEcho starts it, and returns a round trip.
func rawEcho(b *testing.B) func() {
	b.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0) // both block
	if err != nil {
		b.Fatal(err)
	}
	file := os.NewFile(uintptr(fds[1]), "echo")
	c, err := echoRaw.With(multiproc.Options{Files: map[string]*os.File{"echo": file}}).Start(b.Context(), struct{}{})
	file.Close()
	if err != nil {
		b.Fatal(err)
	}
	fd := fds[0]
	b.Cleanup(func() {
		syscall.Close(fd)
		_ = c.Join(context.Background())
	})
	buf := make([]byte, 16)
	return func() {
		if err := sys.WriteAll(fd, buf); err != nil {
			b.Fatal(err)
		}
		if n, err := sys.Read(fd, buf); n != len(buf) || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkRoundTrip compares one task with a raw socket round trip, in turns.
func BenchmarkRoundTrip(b *testing.B) {
	p := newPool(b, square, pool.Options{Workers: 1})
	raw := rawEcho(b)
	call := func() {
		if _, err := p.Call(context.Background(), 12); err != nil {
			b.Fatal(err)
		}
	}
	const turn = 100
	var calls, raws []time.Duration
	for range turn {
		call()
		raw()
	}
	for b.Loop() {
		for range turn {
			start := time.Now()
			call()
			calls = append(calls, time.Since(start))
		}
		for range turn {
			start := time.Now()
			raw()
			raws = append(raws, time.Since(start))
		}
	}
	slices.Sort(calls)
	slices.Sort(raws)
	at := func(list []time.Duration, q float64) float64 { return float64(list[int(q*float64(len(list)-1))]) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(calls, 0.5), "ns/call-p50")
	b.ReportMetric(at(calls, 0.99), "ns/call-p99")
	b.ReportMetric(at(raws, 0.5), "ns/raw-p50")
	b.ReportMetric(at(raws, 0.99), "ns/raw-p99")
	b.ReportMetric(at(calls, 0.5)/at(raws, 0.5), "x-raw")
}
