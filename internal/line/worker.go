package line

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"
)

// A stream is the worker's way to the pool and back. Both block.
type stream interface {
	read(p []byte) (int, error) // zero at the end
	write(p []byte) error
	readCancel(p []byte) (int, error) // of the second socket
	end()                             // makes read and readCancel return
}

// Settings are what a worker has to know.
type Settings struct {
	// Run runs a task, and appends the result to buf; or returns an encoded
	// failure. Its panics are contained; where it ends its goroutine, Goexit
	// says what to report, or that the process is about to end.
	Run    func(ctx context.Context, arg, buf []byte) (result, failure []byte)
	Goexit func() (failure []byte, report bool)

	Timeout  time.Duration // of a task, if positive
	Overtime error         // the cause of its ctx's end then
	Clocked  bool          // whether Running is asked for
}

// A Worker is the worker's end.
type Worker struct {
	Settings
	s    stream
	page *page
	in   reader
	args bulk
	next uint64 // the number of the next task

	mu        sync.Mutex // guards what follows
	seq       uint64     // number of the task that runs, plus one
	cancelled uint64     // tasks below it
	running   ender
	results   outbox

	done chan struct{} // closed when there will be no more tasks
	err  error         // why, then
}

func newWorker(s stream, p *page, settings Settings) *Worker {
	w := &Worker{Settings: settings, s: s, page: p, results: outbox{s: s, page: p}, done: make(chan struct{})}
	w.args, w.results.bulk = p.bulks()
	return w
}

// Serve runs tasks until the pool closes its end, which is no error, or ctx
// ends, which ends the task that runs too.
func (w *Worker) Serve(ctx context.Context) error {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		w.listen()
	}()
	forget := context.AfterFunc(ctx, w.s.end)
	go w.work(ctx)
	<-w.done
	if forget() {
		w.s.end() // for listen
	}
	<-heard
	return w.err
}

// work is the loop on a goroutine that a task may end.
func (w *Worker) work(ctx context.Context) {
	returned := false
	defer func() {
		if returned {
			close(w.done)
			return
		}
		if failure, report := w.Goexit(); report {
			if err := w.finish(Failure, failure); err == nil {
				go w.work(ctx)
				return
			}
			close(w.done)
		}
	}()
	w.err = w.loop(ctx)
	w.flushLate()
	returned = true
}

func (w *Worker) loop(ctx context.Context) error {
	for {
		first, payload, ok := w.in.next()
		if !ok {
			if err := w.more(); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil // what is not begun is for another worker
		default:
		}
		arg, deadline, err := w.parse(first, payload)
		if err != nil {
			return err
		}
		if err := w.task(ctx, arg, deadline); err != nil {
			return err
		}
	}
}

// parse takes a frame apart.
func (w *Worker) parse(first byte, payload []byte) (arg []byte, deadline time.Time, err error) {
	if first&timed != 0 {
		if len(payload) < 8 {
			return nil, deadline, errMalformed
		}
		deadline = time.Unix(0, int64(binary.LittleEndian.Uint64(payload)))
		payload = payload[8:]
	}
	if first&inBulk != 0 {
		payload, err = w.args.at(payload)
	}
	return payload, deadline, err
}

// more reads what has come. Before it waits it sends what there is.
func (w *Worker) more() error {
	w.mu.Lock()
	err := w.results.flush()
	w.mu.Unlock()
	if err != nil {
		return err
	}
	n, err := w.s.read(w.in.room())
	w.in.took(n)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return err
}

// task runs one task. From begin on it is this worker's, and no other will be
// given it.
func (w *Worker) task(ctx context.Context, arg []byte, deadline time.Time) error {
	inner := w.begin(ctx, deadline)
	if inner == nil {
		return w.finish(Skipped, nil)
	}
	result, failure := w.Run(inner, arg, w.results.buffer())
	if failure == nil {
		return w.finish(Result, result)
	}
	if ctx.Err() != nil { // the process is about to end, and it has failed for that
		return nil //nolint:nilerr // it is told by how that ends
	}
	return w.finish(Failure, failure)
}

func (w *Worker) finish(kind Kind, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running != nil {
		if kind == Failure && w.running.overtime(w.Overtime) {
			kind = Overtime
		}
		w.running.end()
	}
	w.seq, w.running = 0, nil
	err := w.results.put(w.next-1, kind, payload)
	if w.Clocked {
		w.page.words[wordSince].Store(0)
	}
	return err
}

// late is how long an outcome waits, while the next task runs, to be sent
// together with others.
const late = time.Millisecond

func (w *Worker) flushLate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results.armed = false
	_ = w.results.flush() // the loop meets the error again
}

// listen hears what is to be cancelled.
func (w *Worker) listen() {
	var message [8]byte
	for at := 0; ; {
		n, err := w.s.readCancel(message[at:])
		if n == 0 || err != nil {
			return
		}
		if at += n; at < len(message) {
			continue
		}
		at = 0
		w.cancelTo(binary.LittleEndian.Uint64(message[:]))
	}
}

func (w *Worker) cancelTo(n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancelled = max(w.cancelled, n)
	if w.running != nil && w.seq <= n {
		w.running.end()
	}
}
