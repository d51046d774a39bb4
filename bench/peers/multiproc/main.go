// Multiproc is the peer that all others are compared with.
package main

import (
	"context"
	"errors"
	"os"

	"multiproc"
	"multiproc/bench/internal/serve"
	"multiproc/pool"
)

var (
	square = multiproc.NewFunc("square", func(_ context.Context, n int) (int, error) {
		return serve.Square(n), nil
	})
	echo = multiproc.NewFunc("echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
)

func main() {
	multiproc.Main(func(context.Context) error { return serve.Serve(os.Stdin, os.Stdout, open) })
}

// pools are one for each use, made at the first.
type pools struct {
	workers   int
	squares   *pool.Pool[int, int]
	unchunked *pool.Pool[int, int]
	echoes    *pool.Pool[[]byte, []byte]
}

func open(workers int) (serve.Pool, error) {
	p := &pools{workers: workers}
	return p, need(&p.squares, square, pool.Options{Workers: workers})
}

func need[A, R any](p **pool.Pool[A, R], f *multiproc.Func[A, R], opts pool.Options) (err error) {
	if *p == nil {
		*p, err = pool.New(f, opts)
	}
	return err
}

func (p *pools) Call(n int) (int, error) { return p.squares.Call(context.Background(), n) }

func (p *pools) Map(n, chunk int) error {
	from := p.squares
	if chunk == 1 {
		if err := need(&p.unchunked, square, pool.Options{Workers: p.workers, ChunkSize: 1}); err != nil {
			return err
		}
		from = p.unchunked
	}
	count := 0
	for i, r := range from.Map(context.Background(), upTo(n)) {
		if err := serve.Check(i, r.Value, r.Err); err != nil {
			return err
		}
		count++
	}
	if count != n {
		return errors.New("not all came back")
	}
	return nil
}

func upTo(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func (p *pools) Echo(b []byte) ([]byte, error) {
	if err := need(&p.echoes, echo, pool.Options{Workers: p.workers}); err != nil {
		return nil, err
	}
	return p.echoes.Call(context.Background(), b)
}

// PIDs is asked for before there is another pool.
func (p *pools) PIDs() (pids []int) {
	for _, child := range multiproc.ActiveChildren() {
		pids = append(pids, child.PID())
	}
	return pids
}

func (p *pools) Close() error {
	err := p.squares.Close()
	if p.unchunked != nil {
		err = errors.Join(err, p.unchunked.Close())
	}
	if p.echoes != nil {
		err = errors.Join(err, p.echoes.Close())
	}
	return err
}
