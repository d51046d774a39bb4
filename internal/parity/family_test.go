//go:build unix

package parity_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"

	"multiproc"
	"multiproc/afterfork"
)

// Names and kinship over two generations.
var (
	_ = add(scenario{name: "names", main: plain(func(context.Context) error {
		introduce()
		named := nephew.With(multiproc.Options{Name: "Named", Daemon: true})
		return errors.Join(
			inTurn(parentOfTwo.With(multiproc.Options{})),
			inTurn(named),
			inTurn(parentOfTwo.With(multiproc.Options{})))
	})})

	parentOfTwo = multiproc.NewFunc("parent-of-two", func(context.Context, none) (none, error) {
		introduce()
		return none{}, errors.Join(inTurn(nephew), inTurn(nephew))
	})
	nephew = multiproc.NewFunc("nephew", func(context.Context, none) (none, error) {
		introduce()
		return none{}, nil
	})
)

func inTurn(f *multiproc.Func[none, none]) error {
	_, err := f.Call(context.Background(), none{})
	return err
}

// introduce says who this process is.
func introduce() {
	self, parent := multiproc.CurrentProcess(), multiproc.ParentProcess()
	says := []string{"daemon " + title(self.Daemon()), "pid " + title(self.PID() == os.Getpid())}
	if parent == nil {
		says = append(says, "no parent")
	} else {
		says = append(says, "parent "+parent.Name(), title(parent.PID() == os.Getppid()), "alive "+title(parent.Alive()))
	}
	say("%s", strings.Join(says, ", "))
}

// Who is active, and what is known of the exit, over time.
var (
	_ = add(scenario{name: "active", main: plain(func(ctx context.Context) error {
		sayActive()
		a, err := start(holdsA, multiproc.Options{})
		if err != nil {
			return err
		}
		sayActive(a)
		b, err := start(holdsB, multiproc.Options{})
		if err != nil {
			return err
		}
		sayActive(a, b)
		if err := release("a"); err != nil {
			return err
		}
		first, err := multiproc.WaitAny(ctx, a, b)
		if err != nil {
			return err
		}
		say("first %s", names(first))
		sayActive(a, b)
		if err := errors.Join(release("b"), b.Join(ctx)); err != nil {
			return err
		}
		sayActive(a, b)
		return nil
	})})

	holdsA = multiproc.NewFunc("holds-a", func(context.Context, none) (none, error) { return none{}, hold("a") })
	holdsB = multiproc.NewFunc("holds-b", func(context.Context, none) (none, error) { return none{}, hold("b") })
)

func sayActive(procs ...*multiproc.Process) {
	says := []string{"active " + names(multiproc.ActiveChildren())}
	for _, p := range procs {
		says = append(says, exitcode(p)+" alive "+title(p.Alive()))
	}
	say("%s", strings.Join(says, ", "))
}

func names(procs []*multiproc.Process) string {
	list := []string{}
	for _, p := range procs {
		list = append(list, p.Name())
	}
	slices.Sort(list)
	return "[" + strings.Join(list, " ") + "]"
}

// In CPython a daemon must have no children. PAINS 33.
var (
	_ = add(scenario{name: "daemon-with-child", differs: true, main: plain(func(ctx context.Context) error {
		p, err := start(daemonParent, multiproc.Options{Daemon: true})
		if err != nil {
			return err
		}
		_ = p.Join(ctx)
		say("%s", exitcode(p))
		return nil
	})})

	daemonParent = multiproc.NewFunc("daemon-parent", func(context.Context, none) (none, error) {
		return none{}, outcome(quiet, "")
	})
)

// TESTS 19, 21: hooks run in the children, in the order of their registration,
// before the function; the parent runs none.
var (
	_ = add(scenario{name: "after-fork", main: func() {
		hook := func(o *hooked) { say("hook %s", o.name) }
		first, second := &hooked{name: "first"}, &hooked{name: "second"}
		registered = append(registered, first, second)
		afterfork.Register(first, hook)
		afterfork.Register(second, func(*hooked) { panic("it broke") })
		afterfork.Register(&hooked{name: "dead"}, hook)
		afterfork.Register(second, hook)
		afterfork.Register(first, hook)
		runtime.GC()
		multiproc.Main(func(context.Context) error { return inTurn(afterForkChild) })
	}})

	afterForkChild = multiproc.NewFunc("after-fork", func(context.Context, none) (none, error) {
		say("function")
		return none{}, inTurn(afterForkGrandchild)
	})
	afterForkGrandchild = multiproc.NewFunc("after-fork-grandchild", func(context.Context, none) (none, error) {
		say("function")
		return none{}, nil
	})

	registered []*hooked
)

type hooked struct {
	name string
	_    [8]int
}
