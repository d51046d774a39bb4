package crew

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A yard has workers that are numbers, in a synctest bubble.
type yard struct {
	*Crew[int]
	t *testing.T

	mu      sync.Mutex
	next    int
	fail    error           // starting fails with that
	final   bool            // and for ever
	still   bool            // workers die before they do anything
	slow    time.Duration   // a start takes so long
	starts  []time.Duration // when they began, since the yard opened
	opened  time.Time
	retired []int
	gone    map[int]bool // disposed of
}

var errStill = errors.New("stillborn")

func newYard(t *testing.T, l Limits) *yard {
	y := &yard{t: t, gone: map[int]bool{}, opened: time.Now()}
	y.Crew = New(Hands[int]{Start: func() { go y.start() }, Retire: y.retire, Dispose: y.dispose}, l)
	return y
}

func (y *yard) start() {
	time.Sleep(y.slow)
	y.mu.Lock()
	y.starts = append(y.starts, time.Since(y.opened))
	y.next++
	w, err, final, still := y.next, y.fail, y.final, y.still
	y.mu.Unlock()
	if err != nil {
		y.Failed(err, final)
		return
	}
	y.Started(w)
	if still {
		y.Died(w, false, errStill)
	}
}

func (y *yard) retire(w int) {
	y.mu.Lock()
	y.retired = append(y.retired, w)
	y.mu.Unlock()
	go y.Died(w, true, nil)
}

func (y *yard) dispose(w int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.gone[w] {
		y.t.Errorf("worker %d is disposed of twice", w)
	}
	y.gone[w] = true
}

func (y *yard) set(do func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	do()
}

func (y *yard) lease() int {
	y.t.Helper()
	w, err := y.Lease(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	return w
}

// end closes it, as every test has to.
func (y *yard) end() {
	left, gone := y.Close()
	for _, w := range left {
		y.Died(w, true, nil)
	}
	<-gone
	synctest.Wait()
}

func bubble(t *testing.T, l Limits, test func(t *testing.T, y *yard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t, l)
		defer y.end()
		test(t, y)
	})
}

// The worker that worked last is taken first, and none is started while one idles.
func TestLastInFirstOut(t *testing.T) {
	bubble(t, Limits{Size: 3}, func(t *testing.T, y *yard) {
		a, b := y.lease(), y.lease()
		y.Release(a, Proven)
		y.Release(b, Proven)
		for range 5 {
			if w := y.lease(); w != b {
				t.Errorf("leased %d, want %d", w, b)
			}
			y.Release(b, Proven)
		}
		if w, ok := y.TryLease(); !ok || w != b {
			t.Error(w, ok)
		}
		if s := y.Snapshot(); s.Started != 2 || s.Busy != 1 || s.Idle != 1 {
			t.Errorf("%+v", s)
		}
		y.Release(b, Proven)
	})
}

// Those who wait are served in their order, but who has lost a worker comes first.
func TestQueue(t *testing.T) {
	bubble(t, Limits{Size: 1}, func(t *testing.T, y *yard) {
		w := y.lease()
		var order []int
		var waiters sync.WaitGroup
		wait := func(n int, lease func(context.Context) (int, error)) {
			waiters.Go(func() {
				w, err := lease(t.Context())
				if err != nil {
					t.Error(err)
				}
				y.set(func() { order = append(order, n) })
				y.Release(w, Proven)
			})
			synctest.Wait()
		}
		wait(2, y.Lease)
		wait(3, y.Lease)
		wait(0, y.LeaseAgain)
		wait(1, y.LeaseAgain)
		ctx, cancel := context.WithCancel(t.Context())
		waiters.Go(func() {
			if _, err := y.Lease(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		if !y.Contended() || y.Snapshot().Waiting != 5 {
			t.Errorf("%+v", y.Snapshot())
		}
		cancel()
		synctest.Wait()
		y.Release(w, Proven)
		waiters.Wait()
		for i, n := range order {
			if i != n {
				t.Fatalf("served in the order %v", order)
			}
		}
		if y.Contended() || len(order) != 4 {
			t.Error(order)
		}
	})
}

func TestStartingLimit(t *testing.T) {
	bubble(t, Limits{Size: 10, Starting: 2}, func(t *testing.T, y *yard) {
		y.slow = time.Second
		var waiters sync.WaitGroup
		start := time.Now()
		for range 10 {
			waiters.Go(func() { y.lease() })
		}
		synctest.Wait()
		if s := y.Snapshot(); s.Starting != 2 || s.Waiting != 10 {
			t.Errorf("%+v", s)
		}
		waiters.Wait()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("ten starts, two at once, a second each: %v", took)
		}
	})
}

func TestIdle(t *testing.T) {
	bubble(t, Limits{Size: 3, Idle: time.Minute}, func(t *testing.T, y *yard) {
		a, b := y.lease(), y.lease()
		y.Release(a, Proven)
		time.Sleep(40 * time.Second)
		y.Release(b, Proven)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if s := y.Snapshot(); s.Idle != 1 || s.Idled != 1 || y.retired[0] != a {
			t.Errorf("%+v, %v", s, y.retired)
		}
		y.Release(y.lease(), Proven) // it has worked again
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if s := y.Snapshot(); s.Idle != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s := y.Snapshot(); s.Idle != 0 || s.Idled != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// Workers that die before they do anything are started ever more slowly, and not
// without end; those who wait are told when the budget is spent, others at once,
// and one that works makes it all forgotten.
func TestStillborn(t *testing.T) {
	bubble(t, Limits{Size: 4}, func(t *testing.T, y *yard) {
		y.still = true
		use := func() error {
			for lease := y.Lease; ; lease = y.LeaseAgain {
				w, err := lease(t.Context())
				if err != nil {
					return err
				}
				y.Died(w, false, errStill)
				y.Release(w, Unproven)
			}
		}
		start := time.Now()
		var users sync.WaitGroup
		for range 8 {
			users.Go(func() {
				if err := use(); !errors.Is(err, errStill) {
					t.Error(err)
				}
			})
		}
		users.Wait()
		if n := len(y.starts); n < Budget || n > Budget+4 {
			t.Errorf("%d starts for a budget of %d: %v", n, Budget, y.starts)
		}
		least := (10 + 20 + 40 + 80) * time.Millisecond / 2 // of jitter
		if took := time.Since(start); took < least || took > 10*least {
			t.Errorf("the budget was spent in %v", took)
		}
		before := len(y.starts)
		if err := use(); !errors.Is(err, errStill) || len(y.starts) != before {
			t.Errorf("%v; %d starts more", err, len(y.starts)-before)
		}
		for range 200 { // somebody who never gives up
			if err := use(); !errors.Is(err, errStill) {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		if n := len(y.starts) - before; n < 20 || n > 200 {
			t.Errorf("%d starts in 200 s", n)
		}
		for i := before + 10; i < len(y.starts); i++ {
			if gap := y.starts[i] - y.starts[i-1]; gap < maxDelay/2 {
				t.Errorf("start %d comes %v after the one before", i, gap)
			}
		}
		y.set(func() { y.still = false })
		time.Sleep(2 * maxDelay)
		w := y.lease()
		y.Release(w, Proven)
		if s := y.Snapshot(); s.Failures != 0 || s.Cause != nil {
			t.Errorf("%+v", s)
		}
	})
}

// While others work, failing starts are nobody's error.
func TestStartFailsBesideOthers(t *testing.T) {
	bubble(t, Limits{Size: 2}, func(t *testing.T, y *yard) {
		w := y.lease()
		y.set(func() { y.fail = errStill })
		got := make(chan int, 1)
		go func() { got <- y.lease() }()
		time.Sleep(time.Minute)
		if s := y.Snapshot(); s.Failures < Budget || s.Waiting != 1 || s.Unstarted > 30 {
			t.Errorf("%+v", s)
		}
		y.Release(w, Proven)
		if other := <-got; other != w {
			t.Errorf("leased %d", other)
		}
		y.Release(w, Proven)
	})
}

func TestFinalFailure(t *testing.T) {
	bubble(t, Limits{Size: 2}, func(t *testing.T, y *yard) {
		y.fail, y.final = errStill, true
		start := time.Now()
		for range 3 {
			if _, err := y.Lease(t.Context()); !errors.Is(err, errStill) || time.Since(start) > 0 {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		}
	})
}

// Who is spent goes, and another comes if there is work.
func TestSpentAndResize(t *testing.T) {
	bubble(t, Limits{Size: 2}, func(t *testing.T, y *yard) {
		a, b := y.lease(), y.lease()
		got := make(chan int, 1)
		go func() { got <- y.lease() }()
		synctest.Wait()
		y.Release(a, Spent)
		if c := <-got; c == a || c == b {
			t.Errorf("leased %d after %d was spent", c, a)
		}
		y.Resize(1)
		y.Release(b, Proven)
		synctest.Wait()
		if s := y.Snapshot(); s.Busy != 1 || s.Idle != 0 || s.Retired != 2 || s.Started != 3 {
			t.Errorf("%+v", s)
		}
		y.Resize(3)
		y.lease()
		y.lease()
		if s := y.Snapshot(); s.Busy != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// Close refuses all who wait or come, takes back what is out, and ends once all
// are dead, held or not, started or not.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t, Limits{Size: 3})
		held, other := y.lease(), y.lease()
		y.slow = time.Second
		refused := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := y.Lease(t.Context())
				refused <- err
			}()
		}
		synctest.Wait()
		left, gone := y.Close()
		for _, w := range left {
			y.Died(w, true, nil)
		}
		select {
		case <-gone:
			t.Error("gone while one starts")
		default:
		}
		<-gone
		for range 2 {
			select {
			case err := <-refused:
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Error("somebody waits for a closed crew")
			}
		}
		if _, err := y.Lease(t.Context()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if _, ok := y.TryLease(); ok {
			t.Error("leased when closed")
		}
		y.Release(held, Proven)
		y.Died(held, true, nil) // told again
		y.Release(other, Proven)
		synctest.Wait()
		if s := y.Snapshot(); s.Busy+s.Idle+s.Starting+s.Waiting != 0 || len(y.gone) != 3 {
			t.Errorf("%+v, %v", s, y.gone)
		}
	})
}

// Drain lets those go that have nothing to do, and the others when they come back.
func TestDrain(t *testing.T) {
	bubble(t, Limits{Size: 3}, func(t *testing.T, y *yard) {
		a, b := y.lease(), y.lease()
		y.Release(a, Proven)
		drained := y.Drain()
		if _, err := y.Lease(t.Context()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		synctest.Wait()
		select {
		case <-drained:
			t.Error("drained while one works")
		default:
		}
		y.Release(b, Proven)
		<-drained
	})
}
