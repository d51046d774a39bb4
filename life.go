package multiproc

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"multiproc/internal/exitseq"
)

// life is how far a process has come. What happens once happens under mu; what
// it means for waiters is a channel that is closed.
type life struct {
	ended   chan struct{} // closed once status and crash are final
	settled chan struct{} // closed after ended, once output was copied
	result  chan struct{} // closed once the function's outcome is known, at the latest before ended

	once sync.Once // for those whose end is not the kernel's word

	mu       sync.Mutex
	status   ExitStatus
	crash    string
	cause    error // why we end it
	asked    int   // times that this process asked it to end, or sent a signal that may have ended it
	killed   int   // times by SIGKILL
	value    []byte
	err      error
	watchers map[*watcher]struct{}
}

// A watcher is somebody who waits for the first of several processes.
type watcher struct{ hit chan struct{} } // room for one

func newLife() *life {
	return &life{
		ended:   make(chan struct{}),
		settled: make(chan struct{}),
		result:  make(chan struct{}),
	}
}

// resolve makes known how the function ended. The first one counts.
func (l *life) resolve(value []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resolveLocked(value, err)
}

func (l *life) resolveLocked(value []byte, err error) {
	if !l.resolvedLocked() {
		l.value, l.err = value, err
		close(l.result)
	}
}

func (l *life) resolvedLocked() bool {
	select {
	case <-l.result:
		return true
	default:
		return false
	}
}

// finish makes known how the process ended, and, at the same time, that the
// function died with it if nothing else was heard of it. It is called once.
func (l *life) finish(status ExitStatus, crash string, died error) {
	l.mu.Lock()
	status.Ended = true
	l.status, l.crash = status, crash
	l.resolveLocked(nil, died)
	watchers := l.watchers
	l.watchers = nil
	close(l.ended)
	l.mu.Unlock()
	for w := range watchers {
		w.notify()
	}
}

func (w *watcher) notify() {
	select {
	case w.hit <- struct{}{}:
	default:
	}
}

func (l *life) watch(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.status.Ended {
		w.notify()
		return
	}
	if l.watchers == nil {
		l.watchers = make(map[*watcher]struct{})
	}
	l.watchers[w] = struct{}{}
}

func (l *life) unwatch(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watchers, w)
}

func (l *life) peek() ExitStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// because notes why this process ends the other one.
func (l *life) because(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil && !l.status.Ended {
		l.cause = cause
	}
}

func (l *life) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// ending does what may end the process from here. It is noted before, so that
// whoever learns of the end knows why, and taken back if it failed.
func (l *life) ending(kill int, do func() error) error {
	l.note(1, kill)
	err := do()
	if err != nil {
		l.note(-1, -kill)
	}
	return err
}

func (l *life) note(asked, killed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked += asked
	l.killed += killed
}

func (l *life) wasAsked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked > 0
}

func (l *life) wasKilled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.killed > 0
}

// outcome waits for what the function returned.
func (p *Process) outcome(ctx context.Context) ([]byte, error) {
	select {
	case <-p.life.result:
	default:
		select {
		case <-p.life.result:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.failure.asked()
	p.life.mu.Lock()
	defer p.life.mu.Unlock()
	return p.life.value, p.life.err
}

// stop asks, waits, and kills. It returns once the process has ended.
func (p *Process) stop(ctx context.Context) error {
	gone := false
	if p.grace >= 0 && ctx.Err() == nil {
		err := p.ask(p.grace)
		gone = errors.Is(err, os.ErrProcessDone) // and its group has its grace
		if err == nil {
			over := time.NewTimer(p.grace + exitseq.Margin(p.grace))
			defer over.Stop()
			select {
			case <-p.life.ended:
				return nil
			case <-over.C:
			case <-ctx.Done():
			}
		}
	}
	if !gone {
		if err := p.Kill(); err != nil {
			return err
		}
	}
	const unkillable = 5 * time.Second // in uninterruptible sleep
	late := time.NewTimer(unkillable)
	defer late.Stop()
	select {
	case <-p.life.ended:
		return nil
	case <-late.C:
	}
	select {
	case <-p.life.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endWith ends the process when ctx does. The returned function forgets it.
func (p *Process) endWith(ctx context.Context) (forget func() bool) {
	return context.AfterFunc(ctx, func() {
		p.life.because(causeOf(ctx))
		_ = p.stop(context.Background()) // whoever waits learns of it by the status
	})
}
