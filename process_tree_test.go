package multiproc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"multiproc"
)

// lifeBranch tells its path and name, and those of two children at each level,
// in the order of the starts.
var lifeBranch *multiproc.Func[lifeNode, []string]

func init() {
	lifeBranch = multiproc.NewFunc("life-branch", func(ctx context.Context, n lifeNode) ([]string, error) {
		list := []string{fmt.Sprint(n.Path, " ", multiproc.CurrentProcess().Name())}
		if len(n.Path) == n.Depth {
			return list, nil
		}
		for i := range 2 {
			sub, err := lifeBranch.With(multiproc.Options{Daemon: n.Daemon}).
				Call(ctx, lifeNode{append(slices.Clone(n.Path), i), n.Depth, n.Daemon})
			if err != nil {
				return nil, err
			}
			list = append(list, sub...)
		}
		return list, nil
	})
}

type lifeNode struct {
	Path   []int
	Depth  int
	Daemon bool
}

var lifeNames = lifeProgram("life-names", func(ctx context.Context) ([]string, error) {
	return lifeBranch.Call(ctx, lifeNode{Depth: 2})
})

// TESTS 36, 71: children start children, which are named after them. On the
// way, what CPython calls test_recursion.
func TestNesting(t *testing.T) {
	t.Parallel()
	got := lifeRun[[]string](t, programCommand(t, lifeNames))
	want := []string{
		"[] Process-1", "[0] Process-1:1", "[0 0] Process-1:1:1", "[0 1] Process-1:1:2",
		"[1] Process-1:2", "[1 0] Process-1:2:1", "[1 1] Process-1:2:2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// PAINS 33: daemons may have children, daemons too.
func TestDaemonsHaveChildren(t *testing.T) {
	t.Parallel()
	c := lifeStart(t, lifeBranch.With(multiproc.Options{Daemon: true}), lifeNode{Depth: 1, Daemon: true})
	if got, err := c.Result(lifeCtx(t)); len(got) != 3 || err != nil {
		t.Errorf("Result() = %q, %v; want three lines", got, err)
	}
}

// The children of a child that has a name of its own are numbered all the same.
var lifeCustom = lifeProgram("life-custom", func(ctx context.Context) ([]string, error) {
	if _, err := square.Call(ctx, 1); err != nil {
		return nil, err
	}
	return lifeBranch.With(multiproc.Options{Name: "root"}).Call(ctx, lifeNode{Depth: 1})
})

func TestNamesBelowACustomName(t *testing.T) {
	t.Parallel()
	got := lifeRun[[]string](t, programCommand(t, lifeCustom))
	if want := []string{"[] root", "[0] Process-2:1", "[1] Process-2:2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
