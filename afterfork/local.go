package afterfork

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// A Local is a value that belongs to this process: made when it is first asked
// for, and again after the process has taken on its identity. Use it for what a
// preload may build but the process must have for itself: a connection, a
// random source, a cache of who one is. Its methods may be called from any
// goroutine. A Local must not be copied after first use.
//
// It mirrors CPython's ForkAwareLocal, with the process in place of the thread.
type Local[T any] struct {
	// New makes the value; nil stands for the zero value of T. It must not
	// call Get on the same Local, which would wait for itself. It must not be
	// changed once the Local is in use.
	New func() T

	value atomic.Pointer[ofGeneration[T]] // nil: not there; stale if of an earlier generation

	mu     sync.Mutex // guards making and writes to value; also makes vet refuse copies
	making *making    // nil unless a New is running whose result is wanted
}

type ofGeneration[T any] struct {
	gen   *generation
	value T
}

// A making is one call of New.
type making struct {
	gen  *generation
	over chan struct{} // closed when this is no longer Local.making
}

// Get returns the value, which it makes if there is none. However many
// goroutines ask at once, New is called once, and all get what it returned. If
// New panics or ends its goroutine, that happens to the one Get that called it;
// there is still no value then, and the next Get, or one that is waiting, calls
// New again.
//
// If Set or Clear is called while New runs, or the process takes on its
// identity, what New returns is dropped, and Get begins anew: it returns what
// was set, or calls New again.
func (l *Local[T]) Get() T {
	for {
		gen := present.Load()
		if v := l.value.Load(); v != nil && v.gen == gen {
			return v.value
		}
		if v, ok := l.make(gen); ok {
			return v
		}
	}
}

// make makes the value of gen, or waits for a Get that is making it. ok is
// false if the caller must look again.
func (l *Local[T]) make(gen *generation) (value T, ok bool) {
	l.mu.Lock()
	if v := l.value.Load(); v != nil && v.gen == gen {
		l.mu.Unlock()
		return v.value, true
	}
	if m := l.making; m != nil && m.gen == gen {
		l.mu.Unlock()
		select {
		case <-m.over:
		case <-gen.over:
		}
		return value, false
	}
	l.dropLocked()
	m := &making{gen: gen, over: make(chan struct{})}
	l.making = m
	l.mu.Unlock()

	returned := false
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.making != m {
			ok = false // Set, Clear, or a Get of a later generation came between
			return
		}
		if returned {
			l.value.Store(&ofGeneration[T]{gen, value})
			// A stale value is no value: begin anew.
			ok = present.Load() == gen
		}
		l.dropLocked()
	}()
	if l.New != nil {
		value = l.New()
	}
	returned = true
	return value, true
}

// Set makes v the value until Clear, or until the process takes on its
// identity.
func (l *Local[T]) Set(v T) { l.store(&ofGeneration[T]{present.Load(), v}) }

// Clear drops the value; the next Get makes a new one. The moment of identity
// does the same to every Local, except that an old value stays in memory until
// the next Get or Set.
func (l *Local[T]) Clear() { l.store(nil) }

func (l *Local[T]) store(v *ofGeneration[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value.Store(v)
	l.dropLocked()
}

// dropLocked makes the running New, if any, one whose result is not wanted, and
// wakes those who wait for it.
func (l *Local[T]) dropLocked() {
	if l.making != nil {
		close(l.making.over)
		l.making = nil
	}
}

// MarshalBinary implements [encoding.BinaryMarshaler]: it gives no bytes, so
// that a Local in an argument for another process arrives empty. New doesn't
// travel either: where the argument arrives, it is nil until it is set there.
func (l *Local[T]) MarshalBinary() ([]byte, error) { return []byte{}, nil }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]: it clears the Local
// and leaves New as it is. It is an error if there are bytes.
func (l *Local[T]) UnmarshalBinary(data []byte) error {
	if len(data) != 0 {
		return fmt.Errorf("afterfork: Local: %d bytes where none belong", len(data))
	}
	l.Clear()
	return nil
}
