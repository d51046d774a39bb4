package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"multiproc"
)

// warmEarly asks for spares where every process of the program comes by. It tells
// how many processes its spares have.
var warmEarly = program("warm-early", func() {
	depth, _ := strconv.Atoi(os.Getenv("WARM_TEST_DEPTH"))
	_ = os.Setenv("WARM_TEST_DEPTH", strconv.Itoa(depth+1))
	ask := func() {
		if depth < 3 { // if the promise is broken, they are not without end
			multiproc.SetSpares(2)
		}
	}
	ask()
	preload := func(context.Context) error { ask(); return nil }
	multiproc.MainWithOptions(func(ctx context.Context) error {
		below := 0
		for _, pid := range multiproc.AwaitSpares(2) {
			tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
			if err != nil || len(tasks) == 0 {
				return fmt.Errorf("no tasks of %d: %w", pid, err)
			}
			for _, name := range tasks {
				text, _ := os.ReadFile(name) // threads come and go
				below += len(strings.Fields(string(text)))
			}
		}
		n, err := warmNested.With(multiproc.Options{Method: multiproc.Warm}).Call(ctx, 0)
		fmt.Println("below:", below, n, err)
		return nil
	}, multiproc.MainOptions{Preload: preload})
})

// Spares and children have no spares, though they come by where the program asks
// for some. The main process has, though it was too early.
func TestSparesOfSpares(t *testing.T) {
	t.Parallel()
	out, err := programCommand(t, warmEarly).CombinedOutput()
	if err != nil || string(out) != "below: 0 0 <nil>\n" {
		t.Errorf("%v, %q", err, out)
	}
}
