package pool

import (
	"context"
	"errors"
	"iter"
	"runtime"
)

// A Result is what became of one item of a Map: a value, or why there is none.
type Result[R any] struct {
	Value R
	Err   error
}

// Map runs the function on each item of args, in the workers, and yields items
// and results in the order of args [imap]. Nothing happens before it is ranged
// over, and each time anew.
//
// args is asked for items as workers need them, and no more than Options.Buffer
// ahead. It runs on a goroutine of its own; a panic there comes out of the loop,
// after the results of what came before.
//
// An item that fails has its error, as [Pool.Call] would return it, and the
// others go on. Leaving the loop stops everything: args is asked no more (but it
// may still be at work on the next item, which nobody waits for), items that no
// worker has begun never are, and what runs is told to end. When ctx ends, the
// items that were taken and have no result come out with its error at once. If
// items remain in args then, or when the pool is closed, a last Result with a
// zero item says why.
func (p *Pool[A, R]) Map(ctx context.Context, args iter.Seq[A]) iter.Seq2[A, Result[R]] {
	return p.stream(ctx, args, true)
}

// MapUnordered is Map, with results as they come [imap_unordered]: a slow item
// holds up nobody, nor does it fill the buffer with results that wait for it.
func (p *Pool[A, R]) MapUnordered(ctx context.Context, args iter.Seq[A]) iter.Seq2[A, Result[R]] {
	return p.stream(ctx, args, false)
}

// An entry is an item with its types.
type entry[A, R any] struct {
	pool  *Pool[A, R]
	arg   A
	value R
	state slot
}

func (e *entry[A, R]) slot() *slot { return &e.state }

func (e *entry[A, R]) encode(buf []byte) ([]byte, error) { return e.pool.encode(buf, &e.arg) }
func (e *entry[A, R]) resolve(data []byte) error         { return e.pool.decode(data, &e.value) }

func (p *Pool[A, R]) stream(ctx context.Context, args iter.Seq[A], ordered bool) iter.Seq2[A, Result[R]] {
	if args == nil {
		panic("pool: Map of a nil iterator")
	}
	return func(yield func(A, Result[R]) bool) {
		defer runtime.KeepAlive(p)
		var none A
		if ctx.Err() != nil {
			yield(none, Result[R]{Err: ctxError(ctx)})
			return
		}
		f := newFlow(ctx, p.core, ordered)
		if err := p.core.enterFlow(f); err != nil {
			yield(none, Result[R]{Err: err})
			return
		}
		defer f.cut(errStopped) // at the end, and when the loop is left by whatever way
		forget := context.AfterFunc(ctx, func() { f.cut(ctxError(ctx)) })
		defer forget()
		src := &source[A, R]{pool: p, flow: f}
		go src.run(args)
		if src.pass(yield) {
			src.last(yield)
		}
	}
}

var errStopped = errors.New("pool: the loop was left")

// A source is an iterator on its goroutine.
type source[A, R any] struct {
	pool *Pool[A, R]
	flow *flow

	// How args has ended, once it has.
	panicked bool
	panic    any
	goexit   bool
}

func (s *source[A, R]) run(args iter.Seq[A]) {
	returned := false
	defer func() {
		if !returned {
			s.panic = recover()
			s.panicked, s.goexit = s.panic != nil, s.panic == nil
		}
		s.flow.finish()
	}()
	args(func(arg A) bool { return s.flow.push(&entry[A, R]{pool: s.pool, arg: arg}) })
	returned = true
}

// pass yields what comes. It returns false if the loop was left.
func (s *source[A, R]) pass(yield func(A, Result[R]) bool) bool {
	m := newMeter(s.flow)
	var batch []item
	var passed, step int // see flow.next
	for {
		batch, step = s.flow.next(batch, passed)
		passed = 0
		if len(batch) == 0 {
			m.last()
			return true
		}
		for i, it := range batch {
			e := it.(*entry[A, R])
			batch[i] = nil
			r := Result[R]{Err: e.state.err}
			if r.Err == nil { // else somebody may still be at it
				r.Value = e.value
			}
			if passed++; passed >= step {
				s.flow.passed(passed)
				passed = 0
			}
			m.one(r.Err)
			if !yield(e.arg, r) {
				return false
			}
		}
	}
}

// last says how the stream has ended, if not as it should.
func (s *source[A, R]) last(yield func(A, Result[R]) bool) {
	s.flow.mu.Lock()
	exhausted, ended, halted := s.flow.exhausted, s.flow.ended, s.flow.halted
	s.flow.mu.Unlock()
	switch {
	case ended && s.panicked:
		panic(s.panic)
	case ended && s.goexit:
		runtime.Goexit()
	case !exhausted:
		var none A
		yield(none, Result[R]{Err: halted})
	}
}
