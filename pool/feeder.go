package pool

import (
	"errors"
	"time"

	"multiproc"
	"multiproc/internal/crew"
	"multiproc/internal/line"
)

// A feeder leases a worker when there is something to do, and has it do that.
type feeder struct {
	f      *flow
	w      *worker   // leased, or nil
	flight queue     // what the worker has, in order
	taken  []item    // scratch
	done   []outcome // scratch: what was not told yet
	alarm  alarm     // while it waits
	cold   bool      // the worker has not answered yet
	mark   time.Time
}

// An outcome is what became of an item.
type outcome struct {
	item item
	err  error
}

func (f *flow) feed() {
	feeder := &feeder{f: f}
	defer feeder.leave()
	for f.await() {
		w, err := f.pool.crew.Lease(f.ctx)
		if err != nil {
			f.unserved(err)
			continue
		}
		feeder.w = w
		feeder.work()
		feeder.w = nil
	}
}

// await waits for something to do, and returns false when there is nothing for
// this feeder any more.
func (f *flow) await() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.todo.len() == 0 && !f.exhausted && f.halted == nil {
		f.idleLocked()
		f.hungry++
		f.more.Wait()
	}
	if f.todo.len() > 0 && f.feeders <= int(f.pool.size.Load()) {
		return true
	}
	f.feeders--
	f.idleLocked()
	return false
}

// unserved is for when no worker can be had: all who wait are told.
func (f *flow) unserved(err error) {
	if errors.Is(err, crew.ErrClosed) || f.ctx.Err() != nil {
		f.cut(f.pool.unserved(f.ctx, err))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for it := f.todo.pop(); it != nil; it = f.todo.pop() {
		f.doneLocked(it, err)
	}
	f.come.Signal()
	f.leaveLocked()
}

// leave is also for a feeder whose goroutine was ended by a method of the user's,
// in the middle of work.
func (fd *feeder) leave() {
	if fd.w != nil {
		fd.f.cut(multiproc.ErrGoexit)
		fd.f.deactivate(fd.w)
		go fd.w.mop()
	}
}

// work has the worker do what there is, until there is no more or others wait
// for it.
func (fd *feeder) work() {
	f, w := fd.f, fd.w
	if !f.activate(w) {
		w.release()
		return
	}
	w.begin()
	fd.cold, fd.mark = true, time.Now()
	fd.fill()
	var err error
	for err == nil && fd.flight.len() > 0 {
		if err = fd.collect(); err == nil && !f.pool.crew.Contended() && !f.pool.crew.Crowded() {
			fd.fill()
		}
	}
	fd.tell()
	switch f.deactivate(w); {
	case err == nil:
		w.release()
	case f.ctx.Err() != nil || !w.bury(f.ctx):
		f.cut(ctxError(f.ctx)) // it may not have come to that yet
		go w.mop()             // nobody wants that any more
	default:
		fd.inherit()
		w.release()
	}
}

// activate makes cut interrupt the worker's line.
func (f *flow) activate(w *worker) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return false
	}
	f.active[w] = struct{}{}
	return true
}

func (f *flow) deactivate(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.active, w)
	if f.broken != nil {
		w.line.Resume()
	}
}

// inHand bounds the bytes that are on their way to a worker, beyond one task.
const inHand = 256 << 10

// fill gives the worker more to do when it has done half of it.
func (fd *feeder) fill() {
	f, w := fd.f, fd.w
	window, have := f.handfulOf(), fd.flight.len()
	if have > window/2 || have > 0 && w.line.Recalling() { // they could not be taken back from behind what runs
		return
	}
	n := window - have
	if most := f.pool.opts.MaxTasksPerWorker; most > 0 {
		n = min(n, most-w.tasks)
	}
	fd.taken = f.take(n, fd.taken[:0])
	deadline, _ := f.ctx.Deadline()
	bytes := 0
	for i, it := range fd.taken {
		if bytes > inHand {
			f.giveBack(fd.taken[i:])
			break
		}
		arg, err := it.encode(w.line.Buffer())
		if err != nil {
			fd.end(it, err)
			continue
		}
		bytes += len(arg)
		w.line.Put(arg, deadline)
		w.tasks++
		fd.flight.push(it)
	}
	clear(fd.taken)
	fd.tell()
}

// collect waits for an outcome, and takes all that have come with it.
func (fd *feeder) collect() error {
	o, err := fd.next()
	if err != nil {
		return err
	}
	n := 0
	for ok := true; ok; o, ok = fd.w.line.Ready() {
		fd.judge(o)
		n++
	}
	now := time.Now()
	took := now.Sub(fd.mark)
	fd.mark = now
	fd.f.pool.count.ran.add(took/time.Duration(n), uint64(n))
	if !fd.cold || n > 1 || fd.w.tasks > 1 { // else it had to start first
		fd.f.measure(took, n)
	}
	fd.cold = false
	fd.tell()
	return nil
}

func (fd *feeder) judge(o line.Outcome) {
	it := fd.flight.pop()
	v, fate := judge(fd.f.ctx, o, it.resolve)
	if fate == overtime {
		v.err = &TaskError{Tries: it.slot().tries + 1, Err: v.err}
	}
	fd.end(it, v.err)
}

func (fd *feeder) end(it item, err error) { fd.done = append(fd.done, outcome{it, err}) }

// tell passes on what is done.
func (fd *feeder) tell() {
	if len(fd.done) > 0 {
		fd.f.settled(fd.done)
		clear(fd.done)
		fd.done = fd.done[:0]
	}
}
