package multiproc_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/finalize"
	"multiproc/tracker"
)

// ownerGrace is what the children of these tests have.
const ownerGrace = 500 * time.Millisecond

// A ownedPlan is what a child of ownerProgram does: it tells its pid, and then
// is what Kind says.
type ownedPlan struct{ Kind, Gate, Mark string }

var owned = multiproc.NewFunc("owned", func(ctx context.Context, p ownedPlan) (int, error) {
	switch p.Kind {
	case "listens":
		finalize.AtExit(func() error { return os.WriteFile(p.Mark, []byte("ran"), 0o600) }, 0)
	case "has a child":
		p.Kind = "spins"
		if err := ownedStart(ctx, p); err != nil {
			return 0, err
		}
	case "has a program":
		if err := ownedProgram(ctx); err != nil {
			return 0, err
		}
	case "by os/exec":
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		fmt.Println("owned", cmd.Process.Pid)
	}
	fmt.Println("owned", os.Getpid())
	switch p.Kind {
	case "spins":
		for range runtime.NumCPU() {
			go func() {
				for { //nolint:staticcheck // on purpose
				}
			}()
		}
		select {}
	case "closes all":
		for fd := range 100 {
			what, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
			if !strings.HasPrefix(what, "anon_inode:[event") { // by which the runtime waits: it throws without
				_ = syscall.Close(fd)
			}
		}
		select {}
	case "ignores":
		select {} // and so its finalizers alone can end it, after half of its time
	}
	<-ctx.Done()
	return 0, ctx.Err()
})

// ownedStart starts another one: owned itself, which can't name itself.
var ownedStart func(ctx context.Context, p ownedPlan) error

func init() {
	ownedStart = func(ctx context.Context, p ownedPlan) error {
		_, err := owned.With(multiproc.Options{Grace: ownerGrace}).Start(ctx, p)
		return err
	}
}

// ownedProgram starts a program that is deaf to SIGTERM, with two more in its
// process group.
func ownedProgram(ctx context.Context) error {
	cmd := exec.Command("/bin/sh", "-c", `trap "" TERM; sleep 1000 & echo owned $!; sleep 1001 & echo owned $!; echo owned $$; wait`)
	cmd.Stdout = os.Stdout
	_, err := multiproc.StartCommand(ctx, cmd, multiproc.Options{Grace: ownerGrace})
	return err
}

var ownerProgram = program("owner", func() {
	multiproc.Main(func(ctx context.Context) error {
		runtime.LockOSThread() // golang/go#27505: what starts a child need not live as long
		started := make(chan error)
		go func() {
			runtime.LockOSThread() // this thread ends with the goroutine
			var err error
			for i, kind := range os.Args[2:] {
				if kind == "program" {
					err = ownedProgram(ctx)
				} else {
					err = ownedStart(ctx, ownedPlan{Kind: kind, Mark: fmt.Sprint(os.Args[1], i)})
				}
				if err != nil {
					break
				}
			}
			if err == nil { // and the tracker knows all that
				err = tracker.Dir.Register(os.Args[1] + "dir")
			}
			started <- err
		}()
		if err := <-started; err != nil {
			return err
		}
		fmt.Println("ready")
		for in := bufio.NewScanner(os.Stdin); in.Scan(); { // is there a tracker that knows everything?
			if err := tracker.File.Register(in.Text()); err != nil {
				return err
			}
			fmt.Println("probed")
		}
		<-ctx.Done()
		return ctx.Err()
	})
})

// ownerBound is promise 6's, with time for a machine that does more.
const ownerBound = ownerGrace + 10*time.Second

// Promise 6, PAINS 29, 30, 74: whoever does not listen is killed, and with him
// all that he has started.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	for _, kinds := range [][]string{
		{"listens"},
		{"spins"},
		{"closes all"},
		{"ignores"},
		{"program"},
		{"has a child"},
		{"has a program"},
		{"by os/exec"},
		{"listens", "spins", "program", "has a child"},
	} {
		t.Run(strings.Join(kinds, "+"), func(t *testing.T) {
			t.Parallel()
			o := startOwner(t, kinds...)
			o.kill()
			t.Logf("clean after %v", o.clean(ownerBound))
			if kinds[0] == "listens" {
				if text, err := os.ReadFile(o.base + "0"); string(text) != "ran" {
					t.Errorf("its finalizer did not run: %v", err)
				}
			}
		})
	}
}

func TestOwnerOfStoppedKilled(t *testing.T) {
	t.Parallel()
	o := startOwner(t, "listens", "program", "has a child")
	for pid := range o.owned {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	o.kill()
	t.Logf("clean after %v", o.clean(ownerBound))
}

// Whoever is killed first: another tracker takes its place, and if there is no
// time for that the kernel kills at once, without anybody's help.
func TestTrackerAndOwnerKilled(t *testing.T) {
	t.Parallel()
	kinds := []string{"listens", "spins", "program", "has a child", "closes all"}
	t.Run("replaced", func(t *testing.T) {
		t.Parallel()
		o := startOwner(t, kinds...)
		old := o.tracker()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		o.probe()
		o.kill()
		t.Logf("clean after %v", o.clean(ownerBound))
	})
	for _, first := range []string{"tracker", "owner"} {
		t.Run(first+" first", func(t *testing.T) {
			t.Parallel()
			o := startOwner(t, kinds...)
			if err := os.Remove(o.base + "dir"); err != nil { // nobody is left to do that
				t.Fatal(err)
			}
			victims := []int{o.tracker(), o.cmd.Process.Pid}
			if first == "owner" {
				victims[0], victims[1] = victims[1], victims[0]
			}
			for _, pid := range victims {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			o.kill()
			t.Logf("clean after %v", o.clean(ownerBound))
		})
	}
}
