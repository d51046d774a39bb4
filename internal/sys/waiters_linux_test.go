package sys

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func init() {
	// Many goroutines wait, and then each learns the status of its own child.
	roles["many waiters"] = func() {
		const many = 50
		if err := waitForMany(many); err != nil {
			fmt.Print(err)
		}
	}
}

func waitForMany(many int) error {
	null, err := OpenNull()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	exits := make([]chan Exit, many)
	for i := range exits {
		p, err := Start(&Spec{
			Path: "/bin/sh", Argv: []string{"sh", "-c", "read x; exit " + strconv.Itoa(i)},
			Files: []int{int(r.Fd()), null, null},
		})
		if err != nil {
			return err
		}
		exits[i] = make(chan Exit, 1)
		go func() { exits[i] <- p.Wait() }()
	}
	waiting := []byte("sys.(*Proc).pidfdWait(")
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		blocked := 0
		for stack := range bytes.SplitSeq(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
			if bytes.Contains(stack, waiting) && bytes.Contains(stack, []byte("[IO wait")) {
				blocked++
			}
		}
		if blocked == many {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d wait in the poller\n%s", blocked, many, stacks)
		}
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	if len(threads) >= many {
		return fmt.Errorf("%d threads for %d children", len(threads), many)
	}
	w.Close()
	for i, exit := range exits {
		if got := <-exit; got.Code != i || got.Lost || got.Signal != 0 {
			return fmt.Errorf("child %d: %+v", i, got)
		}
	}
	return nil
}

// Nor does a waiter take the status of another's child.
func TestManyWaitersCostNoThreads(t *testing.T) {
	t.Parallel()
	if got := playRole(t, "many waiters"); got != "" {
		t.Error(got)
	}
}
