package line

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// both runs a test over a line to this process by memory, and over one by
// sockets and a page, whose worker's end is in this process as well.
func both(t *testing.T, settings Settings, test func(t *testing.T, l *Line)) {
	t.Helper()
	if settings.Goexit == nil {
		settings.Goexit = func() ([]byte, bool) { return []byte("goexit"), true }
	}
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		l, end := Local()
		serve(t, l, end(settings), test)
	})
	t.Run("sockets", func(t *testing.T) {
		t.Parallel()
		l, w := pairOf(t, settings)
		serve(t, l, w, test)
	})
}

func pairOf(t *testing.T, settings Settings) (*Line, *Worker) {
	t.Helper()
	l, files, err := Open()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w, err := Adopt(func(name string) (*os.File, bool) { f, ok := files[name]; return f, ok }, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { CloseFiles(files) })
	return l, w
}

func serve(t *testing.T, l *Line, w *Worker, test func(t *testing.T, l *Line)) {
	t.Helper()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := w.Serve(t.Context()); err != nil {
			t.Error(err)
		}
	})
	defer func() { // also if test fails
		l.End()
		serving.Wait()
		l.Close()
	}()
	test(t, l)
}

// echo answers with its argument; an argument that begins with ! is a failure,
// and with # it ends its goroutine.
func echo(_ context.Context, arg, buf []byte) (result, failure []byte) {
	switch {
	case bytes.HasPrefix(arg, []byte("!")):
		return nil, arg
	case bytes.HasPrefix(arg, []byte("#")):
		runtime.Goexit()
	}
	return append(buf, arg...), nil
}

func next(t *testing.T, l *Line) Outcome {
	t.Helper()
	o, err := l.Next()
	if err != nil {
		t.Fatal(err)
	}
	o.Payload = bytes.Clone(o.Payload)
	return o
}

// Outcomes come in the order of their tasks, of whatever sizes, however many are
// on their way at once.
func TestOrderAndSizes(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: echo}, func(t *testing.T, l *Line) {
		sizes := []int{0, 1, 100, 4 << 10, bulkFrom - 1, bulkFrom, pageSize - 1, pageSize, 1 << 20, 3 << 20, 5 << 20, 5}
		var want [][]byte
		put := func(size int) {
			arg := append(l.Buffer(), bytes.Repeat([]byte{byte(len(want)%200 + 40)}, size)...)
			want = append(want, bytes.Clone(arg))
			l.Put(arg, time.Time{})
		}
		for _, window := range []int{1, 3, len(sizes)} {
			for part := range slices.Chunk(slices.Concat(sizes, sizes), window) {
				for _, size := range part {
					put(size)
				}
				for range part {
					if o := next(t, l); o.Kind != Result || !bytes.Equal(o.Payload, want[0]) {
						t.Fatalf("window %d: kind %d, %d bytes, want %d", window, o.Kind, len(o.Payload), len(want[0]))
					}
					want = want[1:]
				}
			}
		}
		if _, err := l.Next(); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("Next with nothing to come: %v", err)
		}
	})
}

// A thousand tasks that are put before any outcome is taken: nobody is stuck.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: echo}, func(t *testing.T, l *Line) {
		arg := make([]byte, 10<<10)
		for i := range 1000 {
			binary.LittleEndian.PutUint64(arg[1:], uint64(i))
			l.Put(arg, time.Time{})
			if err := l.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 1000 {
			if o := next(t, l); binary.LittleEndian.Uint64(o.Payload[1:]) != uint64(i) {
				t.Fatalf("outcome %d is of %d", i, binary.LittleEndian.Uint64(o.Payload[1:]))
			}
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: echo}, func(t *testing.T, l *Line) {
		for range 3 {
			for arg, want := range map[string]Outcome{
				"a": {Result, []byte("a")}, "!b": {Failure, []byte("!b")}, "#": {Failure, []byte("goexit")},
			} {
				l.Put([]byte(arg), time.Time{})
				if o := next(t, l); o.Kind != want.Kind || !bytes.Equal(o.Payload, want.Payload) {
					t.Errorf("%s: %d %q", arg, o.Kind, o.Payload)
				}
			}
		}
	})
}

// patientEcho waits for the end of its ctx where the argument says so, and
// answers with what has ended it.
func patientEcho(ctx context.Context, arg, buf []byte) ([]byte, []byte) {
	if string(arg) != "wait" {
		return append(buf, arg...), nil
	}
	<-ctx.Done()
	return nil, []byte(context.Cause(ctx).Error())
}

var errOver = errors.New("over")

// Cancel ends what runs and what has not begun, and nothing that is put later.
func TestCancel(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: patientEcho}, func(t *testing.T, l *Line) {
		for range 3 {
			l.Put([]byte("first"), time.Time{})
			l.Put([]byte("wait"), time.Time{})
			l.Put([]byte("never"), time.Time{})
			if o := next(t, l); string(o.Payload) != "first" { // though the next one runs: it is not kept for long
				t.Fatalf("%d %q", o.Kind, o.Payload)
			}
			l.Cancel()
			l.Put([]byte("later"), time.Time{})
			for _, want := range []Outcome{{Failure, []byte("context canceled")}, {Skipped, nil}, {Result, []byte("later")}} {
				if o := next(t, l); o.Kind != want.Kind || !bytes.Equal(o.Payload, want.Payload) {
					t.Errorf("%d %q, want %d %q", o.Kind, o.Payload, want.Kind, want.Payload)
				}
			}
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: patientEcho, Timeout: 20 * time.Millisecond, Overtime: errOver, Clocked: true}, func(t *testing.T, l *Line) {
		l.Put([]byte("wait"), time.Time{})
		if o := next(t, l); o.Kind != Overtime || string(o.Payload) != "over" {
			t.Errorf("%d %q", o.Kind, o.Payload)
		}
		l.Put([]byte("wait"), time.Now().Add(time.Millisecond)) // the caller's comes first
		if o := next(t, l); o.Kind != Failure || string(o.Payload) != context.DeadlineExceeded.Error() {
			t.Errorf("%d %q", o.Kind, o.Payload)
		}
		if d := l.Running(); d != 0 {
			t.Errorf("running for %v", d)
		}
		l.Put([]byte("wait"), time.Time{})
		if err := l.Flush(); err != nil {
			t.Fatal(err)
		}
		for l.Running() == 0 && l.InFlight() > 0 && l.Begun() < 3 {
			runtime.Gosched()
		}
		next(t, l)
		if l.Begun() != 3 {
			t.Errorf("%d have begun", l.Begun())
		}
	})
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	both(t, Settings{Run: patientEcho}, func(t *testing.T, l *Line) {
		l.Put([]byte("wait"), time.Time{})
		time.AfterFunc(5*time.Millisecond, l.Interrupt)
		for range 2 {
			if _, err := l.Next(); !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
		}
		l.Resume()
		l.Cancel()
		next(t, l)
		l.Died()
		l.Resume() // does not help any more
		l.Put([]byte("wait"), time.Time{})
		if _, err := l.Next(); !errors.Is(err, ErrInterrupted) {
			t.Error(err)
		}
		l.Cancel() // for the worker, which is alive in truth
	})
}

// Quick replies and slow ones in turns: the poller is had and given up.
func TestQuickAndSlow(t *testing.T) {
	t.Parallel()
	run := func(_ context.Context, arg, buf []byte) ([]byte, []byte) {
		if len(arg) > 0 {
			<-time.After(2 * patience)
		}
		return append(buf, arg...), nil
	}
	both(t, Settings{Run: run}, func(t *testing.T, l *Line) {
		for i := range 100 {
			arg := make([]byte, min(1, i%20/15))
			l.Put(arg, time.Time{})
			if o := next(t, l); !bytes.Equal(o.Payload, arg) {
				t.Fatalf("%d: %q", i, o.Payload)
			}
		}
	})
}

// The ctx of a task that asks for nothing is as good as another.
func TestTaskCtx(t *testing.T) {
	t.Parallel()
	type key struct{}
	parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, 1))
	a, b, c := &taskCtx{parent: parent}, &taskCtx{parent: parent}, &taskCtx{parent: parent}
	if a.Err() != nil || a.Value(key{}) != 1 {
		t.Error(a.Err(), a.Value(key{}))
	}
	child, stop := context.WithCancel(a)
	defer stop()
	a.end()
	<-child.Done()
	<-a.Done()
	if !errors.Is(a.Err(), context.Canceled) || !errors.Is(context.Cause(a), context.Canceled) {
		t.Error(a.Err(), context.Cause(a))
	}
	b.end() // before anybody has asked
	if <-b.Done(); !errors.Is(b.Err(), context.Canceled) || !errors.Is(context.Cause(b), context.Canceled) {
		t.Error(b.Err(), context.Cause(b))
	}
	cancel(errOver)
	if <-c.Done(); !errors.Is(c.Err(), context.Canceled) || !errors.Is(context.Cause(c), errOver) {
		t.Error(c.Err(), context.Cause(c))
	}
}

// Outcomes are taken out of the page when they are sent, and not before: a worker
// may die in the middle of that.
func TestPageKeepsUntilSent(t *testing.T) {
	t.Parallel()
	p := privatePage()
	p.outbox = make([]byte, 100)
	s := &watchful{endless: endless{some: nil}, page: p}
	o := outbox{s: s, page: p}
	for n := range uint64(20) {
		if err := o.put(n, Result, make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
		if first, filled := p.words[wordFirst].Load(), p.words[wordFilled].Load(); filled == 0 || filled%25 != 0 || first != n-filled/25+1 {
			t.Errorf("after %d: %d bytes from %d on", n, filled, first)
		}
	}
	if err := o.flush(); err != nil || s.sent != 20*25 || p.words[wordFilled].Load() != 0 {
		t.Errorf("%v, %d bytes sent", err, s.sent)
	}
	if s.early {
		t.Error("the page was empty before it was sent")
	}
}

type watchful struct {
	endless
	page  *page
	sent  int
	early bool
}

func (w *watchful) write(p []byte) error {
	w.sent += len(p)
	w.early = w.early || w.page.words[wordFilled].Load() != uint64(len(p))
	return nil
}
