package multiproctest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"multiproc"
	"multiproc/internal/leak"
)

// cleanupLimit is how long a clean-up may take. It is enough for the Grace of
// several generations, and short of the timeout of go test. After that there is
// cleanupMargin for it to say itself what it could not end.
const (
	cleanupLimit  = time.Minute
	cleanupMargin = 5 * time.Second
)

// Main is all of a TestMain: in a child it runs what the child is for, else the
// tests of m, and then it exits, with their code. It never returns. See [Wrap]
// for what else it does.
//
// NewFunc is for package level: a function that is made in a test comes too late
// and panics.
func Main(m interface{ Run() int }) {
	os.Exit(Wrap(m).Run()) //nolint:forbidigo // a test binary that has ended has no exit sequence
}

// Wrap is for a TestMain that hands its m to somebody else, or has more to do. In
// a child it never returns, so that it comes before anything that is not for
// children. Else it returns an m that runs the tests of m:
//
//   - in a TMPDIR of their own, which is removed afterwards, and with a mark in
//     the environment by which [CheckLeaks] knows the processes of this run; the
//     environment is changed while the tests run, and restored after that;
//   - followed by [multiproc.Cleanup], so that nothing of multiproc itself is
//     left for whoever looks: its failure is printed and turns code 0 into 1.
//
// A test that ends the process (os.Exit, a panic, a timeout) ends that too. In
// the workers of a fuzzing run, which are killed at any time, the tests just run.
func Wrap(m interface{ Run() int }) interface{ Run() int } {
	multiproc.Init()
	return wrapped{m}
}

type wrapped struct{ m interface{ Run() int } }

func (w wrapped) Run() int {
	leave, err := leak.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "multiproctest:", err)
		return 1
	}
	defer leave()
	code := w.m.Run()
	if err := cleanUp(cleanupLimit, cleanupMargin); err != nil {
		fmt.Fprintln(os.Stderr, "multiproctest: after the tests:", err)
		code = max(code, 1)
	}
	return code
}

// cleanUp is multiproc.Cleanup within the limit, and the margin if a finalizer
// never returns.
func cleanUp(limit, margin time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := make(chan error, 1) // room for one, so that it can end when nobody waits
	go func() { done <- multiproc.Cleanup(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(margin):
		buf := make([]byte, 1<<20)
		return fmt.Errorf("a finalizer has not returned after %v:\n%s", limit+margin, buf[:runtime.Stack(buf, true)])
	}
}
