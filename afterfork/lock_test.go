package afterfork

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// freshGeneration is to be called in a synctest bubble and, deferred, outside of
// it: waiting for the end of a generation that began outside would not count as
// being blocked.
func freshGeneration() { present.Store(newGeneration()) }

func TestLockExcludes(t *testing.T) {
	var l Lock
	n, inside := 0, atomic.Int32{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				unlock := l.Lock()
				if inside.Add(1) != 1 {
					t.Error("two holders")
				}
				n++
				if n%10 == 0 {
					runtime.Gosched()
				}
				inside.Add(-1)
				unlock()
			}
		})
	}
	all.Wait()
	if n != 4000 {
		t.Errorf("%d of 4000", n)
	}
	if l.waiters != 0 || l.holder != 0 {
		t.Errorf("%d waiters, holder %d", l.waiters, l.holder)
	}
}

func TestLockWaitsAndTryLockDoesNot(t *testing.T) {
	defer freshGeneration()
	synctest.Test(t, func(t *testing.T) {
		freshGeneration()
		var l Lock
		unlock := l.Lock()
		if u, ok := l.TryLock(); ok || u != nil {
			t.Fatal("TryLock of a held lock")
		}
		got := make(chan struct{})
		go func() { defer l.Lock()(); close(got) }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("Lock of a held lock")
		default:
		}
		unlock()
		<-got
		synctest.Wait()
		unlock, ok := l.TryLock()
		if !ok {
			t.Fatal("TryLock of a free lock")
		}
		unlock()
	})
}

func TestUnlockTwiceDoesNothing(t *testing.T) {
	var l Lock
	first := l.Lock()
	first()
	second := l.Lock()
	first()
	if _, ok := l.TryLock(); ok {
		t.Error("the first holder's unlock freed the second's lock")
	}
	second()
	second()
	l.Lock()()
}

// TESTS row 20, FACTS 4.
func TestLockIsFreeInTheNextGeneration(t *testing.T) {
	var l Lock
	old := l.Lock()
	std.run()
	unlock, ok := l.TryLock()
	if !ok {
		t.Fatal("held by an earlier generation")
	}
	old()
	if _, ok := l.TryLock(); ok {
		t.Error("the unlock of an earlier generation freed the lock")
	}
	unlock()
	old()
	l.Lock()()
}

// Those who wait for a holder of the old generation, which may never unlock, go
// on in the new one, and exclude each other there.
func TestWaitersGoOnInTheNextGeneration(t *testing.T) {
	var l Lock
	old := l.Lock()
	inside, entered := 0, make(chan int, 10)
	var all sync.WaitGroup
	for range cap(entered) {
		all.Go(func() {
			defer l.Lock()()
			inside++
			entered <- inside
			runtime.Gosched()
			inside--
		})
	}
	for waiting := 0; waiting < cap(entered); runtime.Gosched() {
		l.mu.Lock()
		waiting = l.waiters
		l.mu.Unlock()
	}
	nextGeneration()
	all.Wait()
	close(entered)
	for n := range entered {
		if n != 1 {
			t.Errorf("%d holders at once", n)
		}
	}
	old()
	if l.waiters != 0 {
		t.Errorf("%d waiters", l.waiters)
	}
}

// Generations change while the lock is used: nobody hangs.
func TestLockUnderGenerations(t *testing.T) {
	var l Lock
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				unlock := l.Lock()
				if i%3 == 0 {
					runtime.Gosched()
				}
				unlock()
			}
		})
	}
	for range 100 {
		nextGeneration()
		runtime.Gosched()
	}
	all.Wait()
	l.Lock()()
}

var (
	_ encoding.BinaryMarshaler   = (*Lock)(nil)
	_ encoding.BinaryUnmarshaler = (*Lock)(nil)
	_ encoding.BinaryMarshaler   = (*Local[int])(nil)
	_ encoding.BinaryUnmarshaler = (*Local[int])(nil)
)

func TestArrivesFreeAndEmpty(t *testing.T) {
	type argument struct {
		Name string
		L    *Lock
		V    *Local[string]
	}
	sent := argument{Name: "x", L: new(Lock), V: new(Local[string])}
	sent.V.Set("mine")
	defer sent.L.Lock()()
	var wire bytes.Buffer
	if err := gob.NewEncoder(&wire).Encode(&sent); err != nil {
		t.Fatal(err)
	}
	got := argument{V: new(Local[string])}
	got.V.Set("old")
	if err := gob.NewDecoder(&wire).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if unlock, ok := got.L.TryLock(); !ok {
		t.Error("the lock arrived locked")
	} else {
		unlock()
	}
	if v := got.V.Get(); v != "" || got.Name != "x" {
		t.Errorf("arrived with %q and name %q", v, got.Name)
	}
	if err := got.L.UnmarshalBinary([]byte{1}); err == nil {
		t.Error("a Lock took bytes")
	}
	if err := got.V.UnmarshalBinary([]byte{1}); err == nil {
		t.Error("a Local took bytes")
	}
}

func BenchmarkLock(b *testing.B) {
	var l Lock
	b.ReportAllocs()
	for b.Loop() {
		l.Lock()()
	}
}

func BenchmarkLockContended(b *testing.B) {
	var l Lock
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Lock()()
		}
	})
}
