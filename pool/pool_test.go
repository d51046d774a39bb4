package pool_test

import (
	"iter"
	"testing"

	"multiproc/pool"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{})
	for i := range 100 {
		if got, err := p.Call(net(t), i); err != nil || got != i*i {
			t.Fatalf("Call(%d) = %d, %v", i, got, err)
		}
	}
}

func TestMapInOrder(t *testing.T) {
	t.Parallel()
	p := newPool(t, square, pool.Options{})
	for _, n := range []int{0, 1, 10, 1000, 20000} {
		next := 0
		for arg, r := range p.Map(net(t), count(n)) {
			if r.Err != nil || arg != next || r.Value != arg*arg {
				t.Fatalf("item %d: %d: %+v", next, arg, r)
			}
			next++
		}
		if next != n {
			t.Errorf("%d of %d items", next, n)
		}
	}
	if err := p.Shutdown(net(t)); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", p.Stats())
}
