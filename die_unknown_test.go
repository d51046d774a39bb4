package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"multiproc"
)

// dieLate is a main that makes a function which its children don't know, and
// starts that, or another one.
func dieLate(name, call string) string {
	return program(name, func() {
		double := func(_ context.Context, n int) (int, error) { return 2 * n, nil }
		late := square
		if !multiproc.IsChild() {
			late = multiproc.NewFunc("die-late", double)
		}
		multiproc.Main(func(ctx context.Context) error {
			f := map[string]*multiproc.Func[int, int]{"late": late, "square": square}[call]
			n, err := f.Call(ctx, 7)
			_, returned := errors.AsType[*multiproc.RemoteError](err)
			fmt.Println(n, returned, errors.Is(err, multiproc.ErrUnknownFunc), errors.Is(err, multiproc.ErrOtherBuild), err)
			return nil
		})
	})
}

var (
	dieLateFunc  = dieLate("die-late-func", "late")
	dieLateOther = dieLate("die-late-other", "square")
)

// A child that does not know the function, and one that knows the function but
// is not the same program as far as it can see, are errors of their own.
func TestChildrenThatKnowOtherFunctions(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		dieLateFunc:  {"0 false true false multiproc: unknown function: multiproc_test.die-late: ", "NewFunc", "package-level"},
		dieLateOther: {"0 false false true multiproc: the child is of another build"},
	} {
		out, err := programCommand(t, name).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for i, want := range wants {
			if i == 0 && !strings.HasPrefix(string(out), want) || !strings.Contains(string(out), want) {
				t.Errorf("%s printed %q, want %q", name, out, want)
			}
		}
	}
}
