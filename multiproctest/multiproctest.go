package multiproctest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"multiproc/internal/leak"
	"multiproc/internal/seam"
)

// Cleanup sees to it that at the end of t everything is gone [_cleanup_tests]:
// children that are not detached are stopped, all finalizers run, and those of
// unreachable objects too; see [multiproc.Cleanup]. Children that take longer than
// a minute are killed. A finalizer that fails, or does not return by then, is an
// error of t, and so is a child that can't be killed.
//
// It panics in a parallel test: what it ends is everybody's.
func Cleanup(t testing.TB) {
	t.Helper()
	cleanup(t, cleanupLimit)
}

func cleanup(t testing.TB, limit time.Duration) {
	t.Helper()
	alone(t, "Cleanup")
	t.Cleanup(func() {
		t.Helper()
		if err := cleanUp(limit, cleanupMargin); err != nil {
			t.Errorf("multiproctest: Cleanup: %v", err)
		}
	})
}

// CheckLeaks compares, at the end of t, with now: what is there and was not
// before is an error of t, each in words. It looks at
//
//   - processes: descendants of this one, those that lost their parent, and
//     zombies, which nobody has waited for; that includes detached children;
//   - descriptors, with what they are;
//   - names that begin with "multiproc-" in [os.TempDir] (as it is named now) and
//     in /dev/shm, unless another program has them open;
//   - goroutines, with their stacks.
//
// What is on its way out is given five seconds. The garbage collector rests
// meanwhile: a file that was dropped unclosed is a leak, though a finalizer might
// close it. Leaked processes that are surely the test's are killed then, so that
// they neither disturb the next test nor hold the output of go test. What
// multiproc keeps to itself for the next child is no leak.
//
// A process that has lost its parent is known by a mark in its environment, and,
// where that was dropped, guessed at: one that runs this very program, or has
// an unlikely environment for this session.
//
// It panics in a parallel test: what the others have can't be told from t's.
func CheckLeaks(t testing.TB) {
	t.Helper()
	checkLeaks(t, leak.Settle)
}

func checkLeaks(t testing.TB, patience time.Duration) {
	t.Helper()
	alone(t, "CheckLeaks")
	seam.Rest()
	before := leak.Take()
	before.Rest, before.Prefix = seam.Rest, "multiproc-"
	t.Cleanup(func() {
		t.Helper()
		leaks := before.Since(patience)
		if len(leaks) == 0 {
			return
		}
		var killed strings.Builder
		before.KillOurs(&killed)
		t.Errorf("multiproctest: CheckLeaks: the test left behind:\n\t%s\n%s", strings.Join(leaks, "\n\t"), &killed)
	})
}

// InProcess has every Func of this test run on a goroutine of this process until
// t ends, as [multiproc.InProcess] does, so that a debugger, a coverage profile
// and the race detector see both sides. A Func whose Options name a Method keeps
// that; Options that make no sense without a process are refused by Start.
//
// A function that is running at the end of t goes on: wait for it, or call
// [Cleanup]. InProcess panics in a parallel test, whose neighbours may want
// processes.
func InProcess(t testing.TB) {
	t.Helper()
	alone(t, "InProcess")
	t.Cleanup(seam.InProcess())
}

// alone panics if tests may run beside t, or if t becomes parallel later on, and
// marks what t starts from here on.
func alone(t testing.TB, name string) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			panic(fmt.Sprintf("multiproctest: %s in a parallel test: it is about the whole process; "+
				"call it in a test that has parallel subtests (%v)", name, v))
		}
	}()
	t.Setenv(leak.MarkEnv, leak.Within())
}
