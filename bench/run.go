package main

import (
	"context"
	"errors"
	"fmt"

	"multiproc/bench/internal/serve"
)

// A series is what one peer took for one thing, round by round.
type series struct {
	op, peer string
	bytes    bool // or else nanoseconds
	aim      float64
	rounds   [][]int64
}

// A bench is the peers, and the series in the order in which they began.
type bench struct {
	opts   options
	peers  []*peer
	series []*series
}

func measure(ctx context.Context, programs []program, opts options) (figures []figure, err error) {
	b := &bench{opts: opts}
	for _, p := range programs {
		started, err := start(ctx, p)
		if err != nil {
			return nil, errors.Join(err, b.stop())
		}
		b.peers = append(b.peers, started)
	}
	err = first(b.small, b.few, b.many)
	return summarize(b.series), errors.Join(err, b.stop())
}

func (b *bench) stop() (err error) {
	for _, p := range b.peers {
		err = errors.Join(err, p.stop())
	}
	return err
}

// inTurns calls f for each peer, in each round beginning with another.
func (b *bench) inTurns(rounds int, f func(p *peer) error) error {
	for round := range rounds {
		for i := range b.peers {
			p := b.peers[(round+i)%len(b.peers)]
			if err := f(p); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
		}
	}
	return nil
}

func (b *bench) wanted(name string) bool { return b.opts.only.MatchString(name) }

// small opens and closes pools of two workers.
func (b *bench) small() error {
	if !b.wanted(opened + closed + idle) {
		return nil
	}
	return b.inTurns(b.opts.rounds, func(p *peer) error {
		return first(
			b.record(p, op{name: opened}, serve.Command{Do: "open", N: 2}),
			b.warm(p, 2),
			b.memory(p, idle),
			b.record(p, op{name: closed}, serve.Command{Do: "close"}))
	})
}

// few gives work to pools of two workers.
func (b *bench) few() error {
	err := b.inTurns(1, func(p *peer) error {
		return first(b.do(p, serve.Command{Do: "open", N: 2}), b.warm(p, 2))
	})
	for _, o := range few {
		if !b.wanted(o.name) || err != nil {
			continue
		}
		c := smaller(o.what, b.opts.small)
		err = b.inTurns(1, func(p *peer) error { // what is made at the first use
			return b.do(p, smaller(c, 10))()
		})
		if err == nil {
			err = b.inTurns(b.opts.rounds, func(p *peer) error { return b.record(p, o, c)() })
		}
	}
	if err != nil {
		return err
	}
	return b.inTurns(1, func(p *peer) error { return b.do(p, serve.Command{Do: "close"})() })
}

// many opens a pool of many workers, once for each five rounds.
func (b *bench) many() error {
	n := b.opts.many
	name := func(format string) string { return fmt.Sprintf(format, n) }
	if n < 1 || !b.wanted(name(manyOpen)) {
		return nil
	}
	return b.inTurns((b.opts.rounds+4)/5, func(p *peer) error {
		return first(
			b.record(p, op{name: name(manyOpen)}, serve.Command{Do: "open", N: n}),
			b.warm(p, n),
			b.memory(p, name(manyIdle)),
			b.record(p, op{name: name(manyTasks)}, smaller(serve.Command{Do: "map", N: 20_000, Chunk: 1}, b.opts.small)),
			b.record(p, op{name: name(manyClose)}, serve.Command{Do: "close"}))
	})
}

// first does one after the other until there is an error.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return nil
}

func (b *bench) do(p *peer, c serve.Command) func() error {
	return func() error {
		_, err := p.ask(c)
		return err
	}
}

// warm lets all workers work, so that they are there.
func (b *bench) warm(p *peer, workers int) func() error {
	return b.do(p, serve.Command{Do: "warm", N: workers})
}

// record adds what the peer took to its series.
func (b *bench) record(p *peer, o op, c serve.Command) func() error {
	return func() error {
		r, err := p.ask(c)
		if err == nil {
			s := b.of(o.name, p.name)
			s.aim = o.aims[p.name]
			s.rounds = append(s.rounds, r.Each)
		}
		return err
	}
}

// memory adds the share of each worker of the peer.
func (b *bench) memory(p *peer, name string) func() error {
	return func() error {
		r, err := p.ask(serve.Command{Do: "pids"})
		if err != nil {
			return err
		}
		var each []int64
		for _, pid := range r.PIDs {
			size, err := share(pid)
			if err != nil {
				return err
			}
			each = append(each, size)
		}
		s := b.of(name, p.name)
		s.bytes = true
		s.rounds = append(s.rounds, each)
		return nil
	}
}

func (b *bench) of(name, peer string) *series {
	for _, s := range b.series {
		if s.op == name && s.peer == peer {
			return s
		}
	}
	s := &series{op: name, peer: peer}
	b.series = append(b.series, s)
	return s
}
