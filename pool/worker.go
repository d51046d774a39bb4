package pool

import (
	"context"
	"errors"
	"maps"
	"os"
	"sync"
	"time"

	"multiproc"
	"multiproc/internal/crew"
	"multiproc/internal/line"
	"multiproc/internal/seam"
)

// A worker is a process with its line. Whoever has leased it uses the line.
type worker struct {
	pool  *core
	line  *line.Line
	proc  *multiproc.Process
	child *multiproc.Child[struct{}]
	tasks int  // given to it so far; the holder's
	local bool // no process: a goroutine of this one

	gone chan struct{} // closed when it is dead and the crew knows
	err  error         // how it ended, once gone is closed

	mu    sync.Mutex
	why   error // why the pool has killed it, nil if it has not
	guard guard
	since time.Time // it was leased; the sampler's
}

// start starts a worker, and stays with it until it is dead: the one goroutine
// that a worker costs.
func (p *core) start() {
	w, err := p.launch()
	if err != nil {
		p.crew.Failed(err, final(err))
		return
	}
	p.crew.Started(w)
	<-w.proc.Done()
	w.line.Died()
	w.err = w.ended()
	// To be killed because nobody wants the task is no failure to start.
	worked := w.line.Begun() > 0 || errors.Is(w.reason(), context.Canceled)
	if counted := p.crew.Died(w, worked, w.err); !counted {
		p.count.workerEnded(w)
	}
	close(w.gone)
}

// final tells errors that no other try would change.
func final(err error) bool {
	return errors.Is(err, multiproc.ErrNotInitialized) || errors.Is(err, multiproc.ErrExiting) ||
		errors.Is(err, multiproc.ErrCodec) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrInvalid)
}

func (p *core) launch() (*worker, error) {
	_, fopts, inProcess := seam.Func(p.f)
	opts := fopts.(multiproc.Options)
	opts.Daemon = true
	b := boot{
		Func: p.name, Timeout: p.opts.TaskTimeout, MemoryLimit: p.opts.MemoryLimit,
		Procs: procs(int(p.size.Load())),
	}
	w := &worker{pool: p, gone: make(chan struct{})}
	if inProcess {
		opts.Method = multiproc.InProcess
		var end func(line.Settings) *line.Worker
		w.line, end = line.Local()
		w.local = true
		b.Local = locals.put(end)
	} else {
		var files map[string]*os.File
		var err error
		if w.line, files, err = line.Open(); err != nil {
			return nil, err
		}
		defer line.CloseFiles(files)
		maps.Copy(files, opts.Files)
		opts.Files = files
		defer func() { // what is the user's stays open
			for name := range fopts.(multiproc.Options).Files {
				delete(files, name)
			}
		}()
	}
	child, err := serveFunc.With(opts).Start(context.Background(), b)
	if err != nil {
		locals.take(b.Local)
		w.line.Close()
		return nil, err
	}
	w.child, w.proc = child, child.Process
	return w, nil
}

// ended says how the worker has ended.
func (w *worker) ended() error {
	_, err := w.child.Result(context.Background()) // which has resolved
	if status := w.proc.Status(); err == nil && !status.Success() {
		err = w.proc.Wait(context.Background())
	}
	if err == nil {
		err = errLeft
	}
	if why := w.reason(); why != nil {
		return withReason(why, err)
	}
	exit, ok := errors.AsType[*multiproc.ExitError](err)
	if ok && (exit.Status.OutOfMemory || w.pool.opts.MemoryLimit > 0 && refusedMemory(exit.Crash)) {
		return withReason(ErrOutOfMemory, err)
	}
	return err
}

var errLeft = errors.New("pool: the worker has left")

// retire lets the worker leave in order, and kills it if it does not. A closed
// pool has no patience.
func (w *worker) retire() {
	if w.pool.state.Load() == closed {
		w.kill(ErrClosed)
		return
	}
	w.line.End()
	limit := time.NewTimer(retireLimit)
	defer limit.Stop()
	select {
	case <-w.gone:
	case <-limit.C:
		_ = w.proc.Stop(context.Background())
	}
}

// retireLimit is how long a worker without work may take to leave, before it is
// asked to with less patience.
const retireLimit = 30 * time.Second

// kill ends the worker, which has done wrong. The first reason counts.
func (w *worker) kill(why error) {
	w.mu.Lock()
	if w.why == nil {
		w.why = why
	}
	w.mu.Unlock()
	_ = w.proc.Kill() // it fails only where it is not needed, or can't be helped
}

func (w *worker) reason() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}

// bury waits for the end of a worker that can't be talked to any more. It is
// killed if it lives on without its line. It reports whether it is dead, and not
// only ctx.
func (w *worker) bury(ctx context.Context) bool {
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	for {
		select {
		case <-w.gone:
			return true
		case <-limit.C:
			w.kill(nil)
		case <-ctx.Done():
			return false
		}
	}
}

// release gives the worker back.
func (w *worker) release() {
	w.guard.end(w)
	fat := w.pool.sampler.end(w)
	fitness := crew.Unproven
	if w.line.Begun() > 0 {
		fitness = crew.Proven
	}
	if most := w.pool.opts.MaxTasksPerWorker; fat || most > 0 && w.tasks >= most {
		fitness = crew.Spent
	}
	w.pool.crew.Release(w, fitness)
}
