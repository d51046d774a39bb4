package afterfork

import (
	"fmt"
	"sync"
)

// A Lock is a mutual exclusion lock that is free again when the process takes
// on its identity, whoever held it. The zero Lock is free. A Lock must not be
// copied after first use.
//
// It is not recursive: a goroutine that locks it twice waits for itself. It is
// not tied to a goroutine: any may call the unlock function. It costs more than
// a [sync.Mutex], chiefly the function that it returns, and doesn't hand itself
// over in the order of waiting.
//
// Exclusion holds within a generation. A goroutine that held the lock at the
// moment of identity goes on, unaware, and another may then hold the lock beside
// it; see the package documentation.
//
// It mirrors CPython's ForkAwareThreadLock.
type Lock struct {
	mu      sync.Mutex  // guards the rest, for moments only; also makes vet refuse copies
	gen     *generation // of the holder
	holder  uint64      // the number of the acquisition in force; 0: none
	last    uint64      // the number of the latest acquisition
	waiters int
	wake    chan struct{} // holds at most one token; nil until somebody waited
}

// Lock waits until the lock is free, takes it, and returns the function that
// frees it. That function works once: further calls do nothing, and neither
// does a call after the process has taken on its identity, however the lock is
// used by then. So it may be both deferred and called early.
func (l *Lock) Lock() (unlock func()) {
	l.mu.Lock()
	for {
		gen := present.Load()
		if unlock, ok := l.takeLocked(gen); ok {
			l.mu.Unlock()
			return unlock
		}
		if l.wake == nil {
			l.wake = make(chan struct{}, 1)
		}
		l.waiters++
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-gen.over: // the holder's unlock won't count any more
		}
		l.mu.Lock()
		l.waiters--
	}
}

// TryLock takes the lock if it is free; otherwise ok is false and unlock is
// nil. It does not wait.
func (l *Lock) TryLock() (unlock func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takeLocked(present.Load())
}

func (l *Lock) takeLocked(gen *generation) (unlock func(), ok bool) {
	if l.holder != 0 && l.gen == gen {
		return nil, false
	}
	l.last++
	n := l.last
	l.gen, l.holder = gen, n
	return func() { l.unlock(n) }, true
}

// unlock ends acquisition n if it is the one in force. After a moment of
// identity it may still be, if nobody has taken the lock since; then it is of
// no effect whether it ends.
func (l *Lock) unlock(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder != n {
		return
	}
	l.holder = 0
	// One token wakes one waiter. If there is one already, somebody is about
	// to wake and will find the lock free, or wait again for the next unlock.
	if l.waiters > 0 {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// MarshalBinary implements [encoding.BinaryMarshaler]: it gives no bytes, so
// that a Lock in an argument for another process arrives free.
func (l *Lock) MarshalBinary() ([]byte, error) { return []byte{}, nil }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. It leaves the lock
// as it is, which in a new one is free. It is an error if there are bytes.
func (l *Lock) UnmarshalBinary(data []byte) error {
	if len(data) != 0 {
		return fmt.Errorf("afterfork: Lock: %d bytes where none belong", len(data))
	}
	return nil
}
