package track

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"multiproc/internal/leak"
	"multiproc/internal/sys"
)

func init() {
	roles["tell"] = tell
	roles["hear"] = hear
}

// tell is an owner that tells of a child, by the link that is descriptor 3.
func tell() {
	file, err := sys.Pollable(3, "link")
	pid, perr := strconv.Atoi(os.Args[1])
	c := newClient()
	c.link = newLink(file)
	_, ferr := c.follow(pid, true, true, time.Hour)
	fmt.Println(errors.Join(err, perr, ferr))
	time.Sleep(time.Hour)
}

// hear is a tracker that gets as far as to take so many messages.
func hear() {
	n, err := strconv.Atoi(os.Args[1])
	for p := make([]byte, 1<<10); n > 0 && err == nil; n-- {
		_, _, err = sys.RecvRights(3, p)
	}
	fmt.Println(err)
	time.Sleep(time.Hour)
}

// Whatever the tracker has taken of what an owner says: when it dies after the
// owner, the owner's children die, and not before.
func TestTrackerDiesOnTheWay(t *testing.T) {
	t.Parallel()
	for taken := range 2 { // one message is all there is
		t.Run(fmt.Sprint(taken, " taken"), func(t *testing.T) {
			t.Parallel()
			victim := exec.Command("sleep", "1000")
			victim.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			dead := wayStart(t, victim)
			ours, theirs := wayPair(t)
			owner := wayRole(t, "tell", ours, victim.Process.Pid)
			tracker := wayRole(t, "hear", theirs, taken)
			ours.Close()
			theirs.Close()
			owner()
			select {
			case <-dead:
				t.Error("the tracker lives, and the child is dead")
			default:
			}
			tracker()
			select {
			case <-dead:
			case <-time.After(10 * time.Second):
				t.Error("the child outlives them")
			}
		})
	}
}

// wayRole starts a role, waits until it has said that all is well, and returns
// how to kill it.
func wayRole(t *testing.T, role string, link *os.File, arg int) (kill func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0], strconv.Itoa(arg))
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = w, os.Stderr, []*os.File{link}
	ended := wayStart(t, cmd)
	w.Close()
	said := make([]byte, 100)
	n, err := r.Read(said)
	if string(said[:n]) != "<nil>\n" {
		t.Fatalf("%s said %q, %v", role, said[:n], err)
	}
	return func() {
		_ = cmd.Process.Kill()
		<-ended
	}
}

// wayStart starts a program. It is gone when the test is over.
func wayStart(t *testing.T, cmd *exec.Cmd) (ended <-chan struct{}) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := make(chan struct{})
	go func() {
		defer close(c)
		_ = cmd.Wait() // it was killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-c
	})
	return c
}

func wayPair(t *testing.T) (a, b *os.File) {
	t.Helper()
	a, fd, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	return a, os.NewFile(uintptr(fd), "link")
}
