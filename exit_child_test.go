//go:build unix

package multiproc_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"multiproc"
)

// A cast is the marks of a child and of its children.
type cast struct {
	*multiproc.Child[string]
	t     *testing.T
	lines <-chan string // closed at the end of them all
}

func castOf(t *testing.T, p exitPlan) *cast {
	t.Helper()
	r, w := io.Pipe()
	c, err := exitStart(context.Background(), p, multiproc.Options{Stderr: w})
	if err != nil {
		t.Fatal(err)
	}
	lifeEnd(t, c.Process)
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			lines <- strings.TrimPrefix(in.Text(), "mark: ")
		}
	}()
	go func() {
		_ = c.Join(context.Background())
		w.Close()
	}()
	return &cast{c, t, lines}
}

// until takes in marks until all of them came, or to the end.
func (c *cast) until(marks ...string) (got []string) {
	net := time.After(lifeNet)
	for len(marks) == 0 || !containsAll(got, marks) {
		select {
		case line, ok := <-c.lines:
			if !ok {
				return got
			}
			got = append(got, line)
		case <-net:
			c.t.Errorf("after %q: waiting for %q, or the end", got, marks)
			return got
		}
	}
	return got
}

// TESTS 80, 81: the sequence is the same in a child, whatever the way out.
func TestExitOrderInAChild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		until string
		code  int
	}{
		{"return", 0}, {"error", 1}, {"panic", 1}, {"goexit", 1}, {"exit", 3}, {"ctx", -15}, {"ctx-err", -15}, {"deaf", -15},
	} {
		t.Run(c.until, func(t *testing.T) {
			t.Parallel()
			daemon := exitPlan{Name: "daemon", Until: "ctx"}
			child := castOf(t, exitPlan{Name: "child", Until: c.until, Sub: []exitPlan{daemon}, Grace: 2 * time.Second})
			ready := []string{"child ready"}
			if c.code == -15 {
				ready = append(ready, "daemon ready")
			}
			got := child.until(ready...)
			if c.code == -15 {
				if err := child.Signal(os.Interrupt); err != nil { // is the parent's affair
					t.Error(err)
				}
				if err := child.Terminate(); err != nil {
					t.Error(err)
				}
			}
			got = append(got, child.until()...)
			want := append([]string{"child ready"}, markedFinalizers("child")...)
			marks := slices.DeleteFunc(slices.Clone(got), func(m string) bool { return !slices.Contains(want, m) })
			if !slices.Equal(marks, want) {
				t.Errorf("got %q of %q, want %q", marks, got, want)
			}
			if !slices.Contains(got, "child saw daemon end: -15 true") {
				t.Errorf("got %q: the daemon did not end in between", got)
			}
			if c.code == -15 && !slices.Contains(got, "daemon f-100") {
				t.Errorf("got %q: the daemon's finalizers did not run", got)
			}
			if code, ok := child.ExitCode(); code != c.code || !ok {
				t.Errorf("exit code %d, %v; want %d", code, ok, c.code)
			}
		})
	}
}

// PAINS 30, 32: the finalizers of all three levels run in every round, and
// nobody is killed for taking the time that he was given.
func TestTerminateThreeLevels(t *testing.T) {
	t.Parallel()
	rounds := 100
	if os.Getenv("MULTIPROC_LONG") != "" {
		rounds = 1000
	}
	low := exitPlan{Name: "low", Until: "ctx"}
	middle := exitPlan{Name: "middle", Until: "ctx", Sub: []exitPlan{low}, Grown: true}
	high := exitPlan{Name: "high", Until: "ctx", Sub: []exitPlan{middle}, Grace: 20 * time.Second}
	turns := make(chan struct{}, 4)
	t.Run("rounds", func(t *testing.T) {
		for range rounds {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				turns <- struct{}{}
				defer func() { <-turns }()
				c := castOf(t, high)
				got := c.until("high ready", "middle ready", "low ready")
				if err := c.Terminate(); err != nil {
					t.Error(err)
				}
				got = append(got, c.until()...)
				want := []string{"low f-100", "middle f-100", "high f-100", "middle saw low end: -15 true", "high saw middle end: -15 true"}
				if !containsAll(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				if code, ok := c.ExitCode(); code != -15 || !ok {
					t.Errorf("exit code %d, %v", code, ok)
				}
			})
		}
	})
}
