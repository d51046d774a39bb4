package afterfork

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"multiproc/internal/leak"
	"multiproc/internal/seam"
	"multiproc/mplog"
)

const generationVariable = "AFTERFORK_TEST_GENERATION"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(generationVariable)); err == nil {
		playGeneration(n)
		return
	}
	leak.MainWithRoles(m, map[string]func(){"log": playLog})
}

func self(t *testing.T, env string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), env, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", env, err)
	}
	return string(out)
}

type thing struct {
	name string
	ran  int
}

// TESTS row 19, PAINS 82: five processes, each started by the one before while
// it holds a Lock, have registered the same number of hooks after theirs ran.
func TestRegistryDoesNotGrowOverGenerations(t *testing.T) {
	got := strings.Fields(self(t, generationVariable+"=1"))
	if want := []string{"3", "3", "3", "3", "3"}; !slices.Equal(got, want) {
		t.Errorf("registered in each generation: %v, want %v", got, want)
	}
}

var kept = []*thing{{name: "a"}, {name: "b"}, {name: "c"}}

func playGeneration(n int) {
	for _, k := range kept {
		Register(k, func(k *thing) { k.ran++ })
	}
	var lock Lock
	lock.Lock() // TESTS row 20: what the parent holds doesn't stop a child
	seam.RunAfterFork()
	lock.Lock()()
	fmt.Println(len(std.entries))
	if n == 5 {
		return
	}
	lock.Lock()
	exe, _ := os.Executable()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprint(generationVariable, "=", n+1))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}

// PAINS 82: a hook that registers itself anew is called once more each time, not
// twice as often, and the registry forgets what is dead.
func TestHookThatRegistersIsNotCalledInTheSameRun(t *testing.T) {
	var r registry
	obj := &thing{}
	var hook func(*thing)
	hook = func(o *thing) {
		o.ran++
		if o.ran < 100 && len(r.entries) < 2 {
			r.add(newEntry(o, hook))
		}
	}
	r.add(newEntry(obj, hook))
	r.run()
	if obj.ran != 1 {
		t.Errorf("ran %d times in the first run, want 1", obj.ran)
	}
	r.run()
	if obj.ran != 3 {
		t.Errorf("ran %d times after the second run, want 3", obj.ran)
	}
	runtime.KeepAlive(obj)
}

// TESTS row 21.
func TestOrderAndFailures(t *testing.T) {
	var r registry
	var ran []string
	objs := []*thing{{name: "1"}, {name: "2"}, {name: "3"}, {name: "4"}, {name: "5"}}
	for _, o := range objs {
		r.add(newEntry(o, func(o *thing) {
			ran = append(ran, o.name)
			switch o.name {
			case "2":
				panic("boom")
			case "3", "5":
				runtime.Goexit()
			}
		}))
	}
	r.add(newEntry(objs[0], func(*thing) { ran = append(ran, "1 again") }))
	r.run()
	if want := []string{"1", "2", "3", "4", "5", "1 again"}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
	r.run()
	if len(ran) != 12 {
		t.Errorf("the second run ran %v", ran[6:])
	}
}

func TestFailureIsLogged(t *testing.T) {
	got := self(t, leak.RoleEnv+"=log")
	for i, line := range strings.Split(strings.TrimSpace(got), "\n") {
		want := []string{"WARN after-fork-failed boom", "WARN after-fork-failed the hook ended"}[i]
		if !strings.HasPrefix(line, want) {
			t.Errorf("logged %q, want %s", line, want)
		}
	}
	if strings.Count(got, "\n") != 2 {
		t.Errorf("logged %q", got)
	}
}

type printer struct{ slog.Handler }

func (printer) Enabled(context.Context, slog.Level) bool { return true }

func (printer) Handle(_ context.Context, r slog.Record) error {
	values := []any{r.Level}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "stack" {
			values = append(values, a.Value)
		}
		return true
	})
	fmt.Println(values...)
	return nil
}

func playLog() {
	mplog.SetHandler(printer{slog.DiscardHandler})
	mplog.Logger()
	Register(kept[0], func(*thing) { panic("boom") })
	Register(kept[0], func(*thing) { runtime.Goexit() })
	seam.RunAfterFork()
}

// Dead objects' hooks aren't called, and their entries go, whether or not
// anybody ever runs the hooks.
func TestDeadObjects(t *testing.T) {
	var r registry
	living := &thing{}
	r.add(newEntry(living, func(o *thing) { o.ran++ }))
	longest := 0
	for range 100 {
		for range 100 {
			r.add(newEntry(&thing{name: "dead"}, func(*thing) { living.name = "a dead one ran" }))
		}
		runtime.GC()
		longest = max(longest, len(r.entries))
	}
	if longest > 1000 {
		t.Errorf("%d entries for one living object", longest)
	}
	runtime.GC()
	r.run()
	if len(r.entries) != 1 || living.ran != 1 || living.name != "" {
		t.Errorf("%d entries, ran %d times, %q", len(r.entries), living.ran, living.name)
	}
}

func TestObjectsThatAreNotOnTheHeap(t *testing.T) {
	var r registry
	n := 0
	r.add(newEntry(&global, func(*thing) { n++ }))
	r.add(newEntry(new(struct{}), func(*struct{}) { n++ }))
	runtime.GC()
	r.run()
	if n != 2 {
		t.Errorf("%d hooks ran, want 2", n)
	}
}

var global thing

func TestRegisterFromManyGoroutinesWhileHooksRun(t *testing.T) {
	var r registry
	var mu sync.Mutex
	ran := 0
	objs := make([]thing, 400)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 100 {
				r.add(newEntry(&objs[100*w+i], func(*thing) { mu.Lock(); ran++; mu.Unlock() }))
				if i%20 == 0 {
					r.run()
				}
			}
		})
	}
	all.Wait()
	ran = 0
	r.run()
	if ran != 400 {
		t.Errorf("%d hooks ran, want 400", ran)
	}
	runtime.KeepAlive(objs)
}

func TestMisusePanics(t *testing.T) {
	for name, misuse := range map[string]func(){
		"nil object": func() { Register(nil, func(*thing) {}) },
		"nil hook":   func() { Register(&thing{}, nil) },
	} {
		func() {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "afterfork: ") {
					t.Errorf("%s: panicked with %q", name, v)
				}
			}()
			misuse()
		}()
	}
}
