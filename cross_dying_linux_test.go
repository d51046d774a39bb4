package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// crossDieVar has a child of the test binary end before it reads its argument.
const crossDieVar = "MULTIPROC_TEST_CROSS_DIE"

// An init function runs before Main could; a child has its record by then, and
// only the head of a large argument.
func init() {
	if !multiproc.IsChild() {
		return
	}
	switch os.Getenv(crossDieVar) {
	case "exit":
		os.Exit(3)
	case "exit 0":
		os.Exit(0)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "heir": // dies, and leaves its socket to a program that ends with stdin
		if err := syscall.SetNonblock(0, false); err != nil { // as cat wants it
			panic(err)
		}
		heir := exec.Command("cat")
		heir.Stdin, heir.ExtraFiles = os.Stdin, []*os.File{os.NewFile(3, "control")}
		if err := heir.Start(); err != nil {
			panic(err)
		}
		os.Exit(4)
	case "close": // it lives, and will never read
		for fd := 3; fd < 20; fd++ {
			_ = syscall.Close(fd)
		}
		time.Sleep(time.Hour)
	}
}

// crossAfter is how a child ended that never had its argument.
type crossAfter struct {
	Way      string
	Died     bool // with an ExitError
	Code     int
	Known    bool
	Err      string
	Canceled bool
}

// crossDying loses children in every way, several at once, and then has no
// goroutine more than before.
var crossDying = lifeProgram("cross-dying", func(ctx context.Context) (list []crossAfter, err error) {
	data := make([]byte, crossSize)
	if _, err := square.Call(ctx, 1); err != nil {
		return nil, err
	}
	if err := errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none")); err != nil { // it is there from now on
		return nil, err
	}
	before := crossGoroutines(ctx, 0)
	alive, bequest, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer bequest.Close()
	defer alive.Close()
	for _, way := range []string{"exit", "exit 0", "kill", "heir", "stop", "close"} {
		life, end := context.WithCancel(ctx)
		f := crossSum.With(multiproc.Options{Env: append(os.Environ(), crossDieVar+"="+way), Grace: -1, Stdin: alive})
		c, err := f.Start(life, data)
		if err != nil {
			end()
			return nil, fmt.Errorf("%s: %w", way, err)
		}
		if way == "stop" || way == "close" {
			end() // of a child that has its record at most
		}
		_, rerr := c.Result(ctx)
		var died *multiproc.ExitError
		a := crossAfter{Way: way, Died: errors.As(rerr, &died), Err: fmt.Sprint(rerr), Canceled: errors.Is(rerr, context.Canceled)}
		if err := c.Join(ctx); err != nil {
			end()
			return nil, err
		}
		a.Code, a.Known = c.ExitCode()
		list = append(list, a)
		end()
	}
	if after := crossGoroutines(ctx, before); after > before {
		stacks := make([]byte, 1<<20)
		return list, fmt.Errorf("%d goroutines became %d\n%s", before, after, stacks[:runtime.Stack(stacks, true)])
	}
	return list, nil
})

// crossGoroutines counts, once there are no more than wanted or for as long as
// it takes until it can be sure.
func crossGoroutines(ctx context.Context, want int) int {
	n := runtime.NumGoroutine()
	for end := time.Now().Add(5 * time.Second); n > want && want > 0 && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		n = runtime.NumGoroutine()
	}
	return n
}

// PAINS 15, 35: a child that dies, or is ended, while 200 MiB are on their way
// to it is an error at once, and leaves nothing waiting.
func TestDeathWhileTheArgumentIsOnItsWay(t *testing.T) {
	t.Parallel()
	got := lifeRun[[]crossAfter](t, coldOnly(programCommand(t, crossDying)))
	want := []crossAfter{
		{Way: "exit", Code: 3},
		{Way: "exit 0", Code: 0},
		{Way: "kill", Code: -9},
		{Way: "heir", Code: 4},
		{Way: "stop", Code: -9, Canceled: true},
		{Way: "close", Code: -9, Canceled: true},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, w := range want {
		w.Died, w.Known, w.Err = true, true, got[i].Err
		if got[i] != w {
			t.Errorf("got %+v, want %+v", got[i], w)
		}
	}
}

// A child may end before its argument has arrived also because it never calls
// Main: its main returns.
var crossNoMain = program("cross-no-main", func() {
	if multiproc.IsChild() {
		return
	}
	multiproc.Main(func(ctx context.Context) error {
		_, err := crossSum.Call(ctx, make([]byte, crossSize))
		var died *multiproc.ExitError
		fmt.Println(errors.As(err, &died), err)
		return nil
	})
})

func TestChildWithoutMain(t *testing.T) {
	t.Parallel()
	out, err := programCommand(t, crossNoMain).CombinedOutput()
	var died bool
	var rest string
	if _, serr := fmt.Sscan(string(out), &died, &rest); err != nil || serr != nil || !died {
		t.Errorf("%v\n%s", err, out)
	}
}
