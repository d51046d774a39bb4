package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
	"multiproc/tracker"
)

// warmParricide kills its parent, and does not listen any more.
var warmParricide = multiproc.NewFunc("warm-parricide", func(context.Context, struct{}) (struct{}, error) {
	_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	fmt.Println(os.Getpid())
	return struct{}{}, syscall.Kill(os.Getpid(), syscall.SIGSTOP)
})

// warmOrphan dies of its child before it hears that there is one: on its only
// thread it has something else to do.
var warmOrphan = program("warm-orphan", func() {
	multiproc.MainWithOptions(func(ctx context.Context) error {
		multiproc.SetSpares(1)
		fmt.Println(multiproc.AwaitSpares(1)[0])
		if err := tracker.File.Register("/nowhere/at all"); err != nil { // it is there, and knows the spare
			return err
		}
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		go func() {
			for ctx.Err() == nil {
			}
		}()
		_, err := warmParricide.With(multiproc.Options{Method: multiproc.Warm, Grace: time.Millisecond}).Call(ctx, struct{}{})
		return err
	}, multiproc.MainOptions{})
})

// The tracker knows a child's grace before it is one, and does not give it the
// one that spares have. Some owners hear of their child in time.
func TestOwnerKilledWhileHandingOut(t *testing.T) {
	t.Parallel()
	for i := range 6 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			warmKilled(t)
		})
	}
}

func warmKilled(t *testing.T) {
	t.Helper()
	cmd := programCommand(t, warmOrphan)
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // by its child, if all went well
		_ = cmd.Wait()
	}()
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	fmt.Fprintln(in)
	var same int
	if _, err := fmt.Fscan(out, &same); err != nil || same != pid {
		t.Fatalf("process %d, not the spare %d: %v", same, pid, err)
	}
	if spare := (groupKin{fd, pid}); !spare.endedWithin(multiproc.DefaultGrace) {
		t.Error("it has the grace of spares")
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}
