package line

import (
	"context"
	"testing"
	"time"
)

// endless is a stream that brings n tasks and swallows their outcomes.
type endless struct {
	n    int
	some []byte
}

func (e *endless) read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, nil
	}
	n := copy(p, e.some)
	e.n -= n / (frameHead + 1)
	return n - n%(frameHead+1), nil
}

func (e *endless) write([]byte) error             { return nil }
func (e *endless) readCancel([]byte) (int, error) { return 0, nil }
func (e *endless) end()                           {}

// BenchmarkWorker is what a task costs a worker that has many to do, without the
// function and the codec.
func BenchmarkWorker(b *testing.B) {
	for _, c := range []struct {
		name    string
		timeout time.Duration
	}{{"plain", 0}, {"timeout", time.Minute}} {
		b.Run(c.name, func(b *testing.B) {
			var some []byte
			for range 1000 {
				some = append(appendHead(some, plain, 1), 7)
			}
			p := privatePage()
			p.outbox = make([]byte, pageSize-headSize)
			w := newWorker(&endless{b.N, some}, p, Settings{
				Run:     func(_ context.Context, arg, buf []byte) ([]byte, []byte) { return append(buf, arg...), nil },
				Timeout: c.timeout, Clocked: c.timeout > 0,
			})
			b.ReportAllocs()
			if err := w.Serve(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
