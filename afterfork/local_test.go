package afterfork

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestLocalIsMadeOnceHoweverManyAsk(t *testing.T) {
	var made atomic.Int32
	l := Local[int]{New: func() int {
		for range 10 {
			runtime.Gosched()
		}
		return int(made.Add(1))
	}}
	for generation := range 20 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if v := l.Get(); v != generation+1 {
					t.Errorf("Get = %d in generation %d", v, generation)
				}
			})
		}
		all.Wait()
		std.run()
	}
}

func TestLocalSetAndClear(t *testing.T) {
	l := Local[string]{New: func() string { return "new" }}
	l.Set("set")
	if v := l.Get(); v != "set" {
		t.Errorf("Get = %q after Set", v)
	}
	l.Clear()
	if v := l.Get(); v != "new" {
		t.Errorf("Get = %q after Clear", v)
	}
	l.Set("set")
	std.run()
	if v := l.Get(); v != "new" {
		t.Errorf("Get = %q in the next generation", v)
	}
}

func TestLocalWithoutNew(t *testing.T) {
	var l Local[[]int]
	if v := l.Get(); v != nil {
		t.Errorf("Get = %v", v)
	}
	l.Set([]int{1})
	if v := l.Get(); len(v) != 1 {
		t.Errorf("Get = %v", v)
	}
}

// A New that panics or ends its goroutine harms the Get that called it; a Get
// that waits, and one that comes later, call it again.
func TestLocalWhoseNewFails(t *testing.T) {
	for name, fail := range map[string]func(){
		"panic":  func() { panic("boom") },
		"goexit": func() { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			defer freshGeneration()
			synctest.Test(t, func(t *testing.T) {
				freshGeneration()
				calls := 0
				release := make(chan struct{})
				l := Local[int]{New: func() int {
					calls++
					if calls == 1 {
						<-release
						fail()
					}
					return calls
				}}
				failed := make(chan any)
				go func() {
					defer func() { failed <- recover() }()
					l.Get()
				}()
				synctest.Wait()
				waiting := make(chan int)
				go func() { waiting <- l.Get() }()
				synctest.Wait()
				close(release)
				if v := <-failed; v != any("boom") && name == "panic" {
					t.Errorf("Get panicked with %v", v)
				}
				if v := <-waiting; v != 2 || l.Get() != 2 {
					t.Errorf("the waiting Get = %d", v)
				}
			})
		})
	}
}

// What New returns is dropped if something came between, and nobody hangs.
func TestLocalOvertaken(t *testing.T) {
	for name, test := range map[string]struct {
		overtake func(*Local[int])
		want     int
	}{
		"set":        {func(l *Local[int]) { l.Set(77) }, 77},
		"clear":      {func(l *Local[int]) { l.Clear() }, 2},
		"generation": {func(*Local[int]) { nextGeneration() }, 2},
		"generation and get": {func(l *Local[int]) {
			nextGeneration()
			if v := l.Get(); v != 2 {
				panic(v)
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			defer freshGeneration()
			synctest.Test(t, func(t *testing.T) {
				freshGeneration()
				var calls atomic.Int32
				held := make(chan struct{})
				release := held
				l := Local[int]{New: func() int {
					n := calls.Add(1)
					if n == 1 {
						<-held
					}
					return int(n)
				}}
				got := make(chan int, 2)
				for range cap(got) { // one makes, one waits
					go func() { got <- l.Get() }()
				}
				synctest.Wait()
				test.overtake(&l)
				for range cap(got) {
					if v := <-got; v != test.want {
						t.Errorf("Get = %d, want %d", v, test.want)
					}
					if release != nil { // the one that waited is there; now the one that makes
						close(release)
						release = nil
					}
				}
				if v := l.Get(); v != test.want {
					t.Errorf("later Get = %d, want %d", v, test.want)
				}
			})
		})
	}
}

func BenchmarkLocalGet(b *testing.B) {
	var l Local[int]
	for b.Loop() {
		l.Get()
	}
}
