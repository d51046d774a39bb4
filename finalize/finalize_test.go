package finalize

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"weak"
)

var errTest = errors.New("it broke")

// roles are the programs that this binary plays in a child process.
var roles = map[string]func(){
	"exit-order":  playExitOrder,
	"not-my-file": playNotMyFile,
}

// TESTS row 1.
func TestCollectionRunsCallbackOnce(t *testing.T) {
	r := newRegistry()
	var calls atomic.Int32
	done := make(chan struct{})
	f := attach(r, new(object), func(s string) error {
		if calls.Add(1) == 1 {
			close(done)
		}
		return nil
	}, "x", plan{})
	collectUntil(t, done)
	if err := r.runFrom(0); err != nil { // waits till it has finished
		t.Fatal(err)
	}
	if ran, err := f.Call(); ran || err != nil {
		t.Errorf("Call = %v, %v after collection", ran, err)
	}
	if f.Cancel() || f.StillActive() {
		t.Error("active after collection")
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if n := r.len(); n != 0 {
		t.Errorf("Len = %d", n)
	}
}

// TESTS row 2.
func TestCallRunsOnceAndThenNothingDoes(t *testing.T) {
	r := newRegistry()
	obj := new(object)
	calls := 0
	f := attach(r, obj, func(n int) error { calls += n; return errTest }, 1, plan{})
	if ran, err := f.Call(); !ran || !errors.Is(err, errTest) || err.Error() != "it broke" {
		t.Errorf("first Call = %v, %v, want true and the callback's own error", ran, err)
	}
	if ran, err := f.Call(); ran || err != nil {
		t.Errorf("second Call = %v, %v", ran, err)
	}
	runtime.KeepAlive(obj)
	// Another object that dies later is the proof that collection had its chance.
	done := make(chan struct{})
	attach(r, new(object), func(c chan struct{}) error { close(c); return nil }, done, plan{})
	collectUntil(t, done)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// TESTS row 3, and PAINS section 7 item 5: a full pass doesn't disarm it.
func TestAttachIsLeftAloneByPasses(t *testing.T) {
	r := newRegistry()
	obj := new(object)
	ran := false
	f := attach(r, obj, func(int) error { ran = true; return nil }, 0, plan{})
	if err := r.runFrom(math.MinInt); err != nil || ran {
		t.Fatalf("pass: %v, ran %v", err, ran)
	}
	runtime.KeepAlive(obj)
	if !f.StillActive() || r.len() != 1 {
		t.Error("the pass disarmed it")
	}
	if did, _ := f.Call(); !did || !ran {
		t.Error("Call did not run it after a pass")
	}
}

// TESTS rows 4, 5, 6: the sequence of CPython's test_finalize, in a process that
// runs its finalizers and exits hard.
func TestOrderAtExit(t *testing.T) {
	got := strings.Fields(play(t, "exit-order"))
	want := []string{"a", "b", "d10", "d03", "d02", "d01", "e", "STOP"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("ran %v, want %v", got, want)
	}
}

func playExitOrder() {
	say := func(s string) error { fmt.Println(s); return nil }

	gone := make(chan struct{})
	a := new(object)
	Attach(a, func(s string) error { defer close(gone); return say(s) }, "a")
	runtime.KeepAlive(a)
	for closed := false; !closed; {
		runtime.GC()
		select {
		case <-gone:
			closed = true
		default:
			runtime.Gosched()
		}
	}
	b := new(object)
	f := Attach(b, say, "b")
	f.Call()
	f.Call()
	c, d := new(object), new(object)
	Attach(c, say, "c")
	AttachAtExit(d, say, "d01", 0)
	AttachAtExit(d, say, "d02", 0)
	AttachAtExit(d, say, "d03", 0)
	AttachAtExit(d, say, "d10", 1)
	AtExit(func() error { return say("STOP") }, -100)
	AtExit(func() error { return say("e") }, -10)
	if err := RunFrom(BeforeChildren); err != nil {
		fmt.Println(err)
	}
	if err := RunAll(); err != nil {
		fmt.Println(err)
	}
	runtime.KeepAlive([]*object{b, c, d})
	os.Exit(0)
}

func TestRunFromLeavesLowerPriorities(t *testing.T) {
	r := newRegistry()
	var ran []int
	for _, p := range []int{2, -1, 3, 0, 4} {
		atExit(r, func() error { ran = append(ran, p); return nil }, priority(p))
	}
	if err := r.runFrom(3); err != nil || fmt.Sprint(ran) != "[4 3]" {
		t.Errorf("runFrom(3) ran %v, %v", ran, err)
	}
	if err := r.runFrom(BeforeChildren); err != nil || fmt.Sprint(ran) != "[4 3 2 0]" {
		t.Errorf("then runFrom(0): %v, %v", ran, err)
	}
	if r.len() != 1 {
		t.Errorf("Len = %d, want 1", r.len())
	}
	if err := r.runFrom(AfterChildren); err != nil || fmt.Sprint(ran) != "[4 3 2 0 -1]" {
		t.Errorf("then runFrom(-1): %v, %v", ran, err)
	}
}

// TESTS row 9, FACTS 16.
func TestMisusePanicsAndRegistersNothing(t *testing.T) {
	type node struct {
		next *node
		buf  [16]byte
	}
	n := new(node)
	ok := func(any) error { return nil }
	before := Len()
	for name, misuse := range map[string]func(){
		"nil object":       func() { Attach((*node)(nil), ok, nil) },
		"nil callback":     func() { Attach(n, (func(int) error)(nil), 1) },
		"nil AtExit":       func() { AtExit(nil, 0) },
		"zero size":        func() { Attach(new(struct{}), ok, nil) },
		"object":           func() { attachTo(n, n) },
		"object, any":      func() { AttachAtExit(n, ok, any(n), 0) },
		"object, unsafe":   func() { attachTo(n, reflect.ValueOf(n).UnsafePointer()) },
		"field":            func() { attachTo(n, &n.buf[3]) },
		"slice of a field": func() { attachTo(n, n.buf[2:4]) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "finalize: ") {
					t.Errorf("panicked with %q, want one that says finalize:", v)
				}
			}()
			misuse()
		})
	}
	if Len() != before {
		t.Errorf("Len = %d, want %d", Len(), before)
	}
	// What only looks like it is accepted.
	other := new(node)
	n.next = other
	for _, f := range []*Finalizer{
		attachTo(n, other),
		attachTo(n, io.Reader(nil)),
		attachTo(n, []byte(nil)),
		attachTo(n, reflect.ValueOf(n).Pointer()),
	} {
		f.Cancel()
	}
}

func attachTo[T, A any](obj *T, arg A) *Finalizer {
	return Attach(obj, func(A) error { return nil }, arg)
}

// TESTS row 10: another process doesn't run what this one registered.
func TestChildLeavesParentsFileAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := AtExit(func() error { return os.Remove(file) }, 0)
	if got := play(t, "not-my-file"); got != "0 <nil>" {
		t.Errorf("the child says %q, want nothing registered and nothing failed", got)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("after the child: %v", err)
	}
	if ran, err := f.Call(); !ran || err != nil {
		t.Errorf("Call = %v, %v", ran, err)
	}
}

func playNotMyFile() { fmt.Print(Len(), RunAll()) }

// TESTS row 10: a copy that C code forked does none of its parent's clean-up.
func TestForkedCopyRunsNothing(t *testing.T) {
	r := newRegistry()
	runs := 0
	f := atExit(r, func() error { runs++; return nil }, priority(0))
	obj := new(object)
	g := attach(r, obj, func(int) error { runs++; return nil }, 0, priority(0))
	r.getpid = func() int { return r.pid + 1 }
	if ran, err := f.Call(); ran || err != nil {
		t.Errorf("Call = %v, %v", ran, err)
	}
	if err := r.runFrom(0); err != nil {
		t.Errorf("pass: %v", err)
	}
	collected(g)
	(&pass{registry: r}).awaitOthers() // the collector
	if runs != 0 {
		t.Errorf("%d callbacks ran in the copy", runs)
	}
	r.getpid = os.Getpid
	if ran, _ := f.Call(); !ran {
		t.Error("Call in the original did not run it")
	}
	runtime.KeepAlive(obj)
}

func TestCancel(t *testing.T) {
	r := newRegistry()
	f := atExit(r, func() error { t.Error("ran"); return nil }, priority(0))
	if !f.StillActive() || !f.Cancel() {
		t.Error("first Cancel = false")
	}
	if f.StillActive() || f.Cancel() {
		t.Error("second Cancel = true")
	}
	if ran, err := f.Call(); ran || err != nil {
		t.Errorf("Call = %v, %v after Cancel", ran, err)
	}
	if err := r.runFrom(0); err != nil || r.len() != 0 {
		t.Errorf("pass = %v, Len = %d", err, r.len())
	}
	g := atExit(r, func() error { return nil }, priority(0))
	g.Call()
	if g.Cancel() {
		t.Error("Cancel after Call = true")
	}
}

func TestZeroFinalizerDoesNothing(t *testing.T) {
	var f Finalizer
	if ran, err := f.Call(); ran || err != nil || f.Cancel() || f.StillActive() {
		t.Error("it did something")
	}
	if got := f.String(); got != "finalizer (none): not made by this package" {
		t.Error(got)
	}
}

// PAINS section 7 item 15, first half.
func TestStringSaysWhatWhereAndState(t *testing.T) {
	f := AtExit(nothing, 7) // its line is looked for
	g := Attach(new(object), nothingWith, "x")
	_, file, line, _ := runtime.Caller(0)
	check := func(f *Finalizer, priority string, line int, state string) {
		t.Helper()
		want := fmt.Sprintf(`^finalizer multiproc\S*\.nothing\w* \(%s, made at %s:%d\): %s$`,
			priority, regexp.QuoteMeta(file), line, state)
		want = strings.Replace(want, "multiproc", "", 1) // whatever the module is called
		if got := f.String(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("String = %q, want %s", got, want)
		}
	}
	check(f, "priority 7", line-2, "active")
	check(g, "no priority", line-1, "active")
	f.Call()
	g.Cancel()
	check(f, "priority 7", line-2, "done")
	check(g, "no priority", line-1, "cancelled")
	h := AttachAtExit(new(object), nothingWith, "x", -100)
	_, _, line, _ = runtime.Caller(0)
	check(h, "priority -100", line-1, "active")
	h.Cancel()
	var during string
	var self *Finalizer
	self = AtExit(func() error { during = self.String(); return nil }, 0)
	self.Call()
	if !strings.HasSuffix(during, ": running") {
		t.Errorf("String in the callback = %q", during)
	}
}

// PAINS section 7 item 15, second half: also a callback that failed lets go.
func TestEndReleasesCallbackAndArgument(t *testing.T) {
	r := newRegistry()
	obj := new(object)
	for name, end := range map[string]func(f *Finalizer){
		"call":   func(f *Finalizer) { f.Call() },
		"cancel": func(f *Finalizer) { f.Cancel() },
		"pass":   func(*Finalizer) { r.runFrom(0) },
	} {
		for outcome, callback := range map[string]func(*[1 << 10]byte) error{
			"ok":     func(*[1 << 10]byte) error { return nil },
			"error":  func(*[1 << 10]byte) error { return errTest },
			"panics": func(*[1 << 10]byte) error { panic("boom") },
		} {
			t.Run(name+" "+outcome, func(t *testing.T) {
				arg := new([1 << 10]byte)
				held := weak.Make(arg)
				f := attach(r, obj, callback, arg, priority(0))
				runtime.GC()
				if held.Value() == nil {
					t.Fatal("the argument was not held")
				}
				end(f)
				runtime.GC()
				if held.Value() != nil {
					t.Error("the argument is still held")
				}
				runtime.KeepAlive(f)
			})
		}
	}
	runtime.KeepAlive(obj)
}
