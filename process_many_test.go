package multiproc_test

import (
	"sync"
	"testing"

	"multiproc"
)

// TESTS 75: many at once, and each tells its own.
func TestManyShortChildren(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			c, err := square.Start(lifeCtx(t), i)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := c.Result(lifeCtx(t)); got != i*i || err != nil {
				t.Errorf("Result() = %d, %v; want %d", got, err, i*i)
			}
			if err := c.Wait(lifeCtx(t)); err != nil {
				t.Error(err)
			}
			if code, ok := c.ExitCode(); code != 0 || !ok {
				t.Errorf("ExitCode() = %d, %v", code, ok)
			}
		})
	}
	wg.Wait()
}

// TESTS 76: a child may be told to end before it is anybody.
func TestTerminateRightAfterStart(t *testing.T) {
	t.Parallel()
	var children []*multiproc.Process
	for range 100 {
		c := lifeStart(t, lifeWait, "")
		if err := c.Terminate(); err != nil {
			t.Error(err)
		}
		children = append(children, c.Process)
	}
	for _, c := range children {
		if err := c.Join(lifeCtx(t)); err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if code, ok := c.ExitCode(); !ok || code != -15 && code != -9 {
			t.Errorf("ExitCode() = %d, %v", code, ok)
		}
	}
}
