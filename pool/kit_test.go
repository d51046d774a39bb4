package pool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"multiproc"
	"multiproc/pool"
)

var square = multiproc.NewFunc("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

var errOdd = errors.New("odd")

func init() { multiproc.RegisterErrors(errOdd) }

// newPool returns a pool that is closed in the end.
func newPool[A, R any](t testing.TB, f *multiproc.Func[A, R], opts pool.Options) *pool.Pool[A, R] {
	t.Helper()
	p, err := pool.New(f, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// within panics with all stacks if do hangs: what it may wait for takes an hour.
func within(do func()) {
	defer time.AfterFunc(time.Minute, func() { panic("this waits for what does not come") }).Stop()
	do()
}

// net is a context for what must not take long: it fails rather than hangs.
func net(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
