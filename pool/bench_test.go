package pool_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

func BenchmarkMapTiny(b *testing.B) {
	for _, c := range []struct {
		name string
		opts pool.Options
	}{
		{"chunk=auto", pool.Options{Workers: 2}},
		{"chunk=1", pool.Options{Workers: 2, ChunkSize: 1}},
		{"chunk=100", pool.Options{Workers: 2, ChunkSize: 100}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPool(b, square, c.opts)
			for range p.Map(b.Context(), count(1000)) { // starts the workers
			}
			n := 0
			b.ResetTimer()
			for range p.Map(b.Context(), count(b.N)) {
				n++
			}
			if n != b.N {
				b.Fatal(n)
			}
		})
	}
}

var echo = multiproc.NewFunc("echo", func(_ context.Context, data []byte) ([]byte, error) { return data, nil })

// BenchmarkEchoLarge compares a MiB there and back with copying it twice.
func BenchmarkEchoLarge(b *testing.B) {
	p := newPool(b, echo, pool.Options{Workers: 1})
	data := make([]byte, 1<<20)
	there := make([]byte, len(data))
	if _, err := p.Call(b.Context(), data); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(2 << 20)
	var echoed, copied time.Duration
	for b.Loop() {
		start := time.Now()
		if got, err := p.Call(b.Context(), data); err != nil || len(got) != len(data) {
			b.Fatal(err)
		}
		middle := time.Now()
		copy(there, data)
		copy(data, there)
		echoed += middle.Sub(start)
		copied += time.Since(middle)
	}
	b.ReportMetric(float64(echoed)/float64(copied), "x-memcpy")
}

// BenchmarkParallelCalls has more callers than workers.
func BenchmarkParallelCalls(b *testing.B) {
	p := newPool(b, square, pool.Options{Workers: 2})
	var failed atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Call(context.Background(), 3); err != nil {
				failed.Add(1)
			}
		}
	})
	if failed.Load() > 0 {
		b.Fatal(failed.Load())
	}
}

// BenchmarkFirstResult makes a pool, has one result, and closes it.
func BenchmarkFirstResult(b *testing.B) {
	for b.Loop() {
		p, err := pool.New(square, pool.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Call(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
