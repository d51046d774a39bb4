package stdio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// flusher is a writer that does just this.
type flusher func() error

func (f flusher) Flush() error { return f() }

// register registers writers for the time of a test.
func register(t *testing.T, r *registry, writers ...interface{ Flush() error }) {
	t.Helper()
	for _, w := range writers {
		t.Cleanup(r.add(w))
	}
}

// atExit does what the exit sequence does, and returns what failed.
func atExit(r *registry, hurry <-chan struct{}) error {
	var errs []error
	r.flushAtExit(hurry, func(err error) { errs = append(errs, err) })
	return errors.Join(errs...)
}

// Both kinds of flush try everything, newest first, and tell what failed.
func TestEachIsTried(t *testing.T) {
	for name, flush := range map[string]func() error{
		"Flush":  Flush,
		"atExit": func() error { return atExit(&std, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var order strings.Builder
			note := func(s string, err error) flusher {
				return func() error { order.WriteString(s); return err }
			}
			closed, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			closed.Close()
			broken := bufio.NewWriter(closed)
			broken.WriteByte('x')
			register(t, &std,
				note("a", nil), note("b", syscall.EPIPE), nil, (*bufio.Writer)(nil),
				flusher(func() error { panic("no more") }), broken, note("c", syscall.ENOSPC))
			err = flush()
			for _, want := range []error{syscall.EPIPE, syscall.ENOSPC, os.ErrClosed} {
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v in it", err, want)
				}
			}
			for _, want := range []string{
				"stdio: flush stdio.flusher: panic: no more", "stdio: flush *bufio.Writer: panic: ",
			} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q in it", err, want)
				}
			}
			if n := strings.Count(fmt.Sprint(err), "stdio: flush"); n != 5 {
				t.Errorf("%d failures, want 5: %v", n, err)
			}
			if order.String() != "cba" {
				t.Errorf("order %q, want the newest first", &order)
			}
		})
	}
}

func TestGoexitIsContainedAtExit(t *testing.T) {
	var r registry
	ran := false
	register(t, &r, flusher(func() error { ran = true; return nil }), flusher(func() error { runtime.Goexit(); return nil }))
	if err := atExit(&r, nil); !errors.Is(err, errGoexit) || !ran {
		t.Errorf("%v, the other ran: %v", err, ran)
	}
	if err := atExit(&r, nil); !errors.Is(err, errGoexit) {
		t.Errorf("the second time: %v", err) // it is not locked
	}
}

func TestRemove(t *testing.T) {
	var n atomic.Int32
	count := flusher(func() error { n.Add(1); return nil })
	remove, again := FlushAtExit(count), FlushAtExit(count)
	FlushAtExit(nil)()
	remove()
	remove() // the other registration of the same writer stays
	if err := Flush(); err != nil || n.Load() != 1 {
		t.Errorf("flushed %d times, %v; want once", n.Load(), err)
	}
	again()
	if err := Flush(); err != nil || n.Load() != 1 {
		t.Errorf("flushed after remove: %v", err)
	}
}

// A writer that is not safe for concurrent use is safe from this package.
func TestFlushesDoNotOverlap(t *testing.T) {
	var r registry
	n := 0 // the race detector looks at it
	register(t, &r, flusher(func() error { n++; return nil }))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				remove := r.add(flusher(func() error { return nil }))
				list := r.newestFirst()
				_ = list[len(list)-1].flush()
				remove()
			}
		})
	}
	wg.Wait()
	if n != 400 {
		t.Errorf("flushed %d times, want 400", n)
	}
}

// One that blocks keeps the others waiting, as it may write into them, until
// there is a hurry.
func TestHurry(t *testing.T) {
	var r registry
	reader, writer := io.Pipe()
	blocked := bufio.NewWriter(writer)
	blocked.WriteByte('x')
	hurry, tried := make(chan struct{}), make(chan struct{})
	inFlush := make(chan struct{})
	register(t, &r, flusher(func() error {
		select {
		case <-hurry:
		default:
			t.Error("tried beside one that blocks")
		}
		close(tried)
		return nil
	}), flusher(func() error { close(inFlush); return blocked.Flush() }))
	ended := make(chan error)
	go func() { ended <- atExit(&r, hurry) }()
	<-inFlush
	close(hurry)
	<-tried
	reader.Close()
	if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("atExit = %v, want what became of the first", err)
	}
}
