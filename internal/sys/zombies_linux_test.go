package sys

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc/internal/leak"
)

func init() {
	if os.Getenv(leak.RoleEnv) == "headless" { // here, where this goroutine keeps to the main thread
		go func() { _, _ = os.Stdin.Read(make([]byte, 1)) }()
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
	}
}

// A zombie keeps its group, and yet nobody lives in that.
func TestGroupOfZombies(t *testing.T) {
	t.Parallel()
	in, hold := pipe(t)
	spec := shell(t, "read x", nil)
	spec.Files[0] = int(in.Fd())
	leader, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	member := exec.Command("cat")
	member.Stdin = in
	member.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader.PID}
	if err := member.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if _, err := hold.WriteString("\n"); err != nil { // for one of the two
		t.Fatal(err)
	}
	if !leader.GroupLives() {
		t.Error("two are alive")
	}
	hold.Close()
	ended(t, member.Process.Pid)
	_, left := leader.Reap(func() syscall.Signal { return 0 })
	if keeps := leader.keepsGroup(); left != keeps || keeps && leader.SignalGroup(0) != nil {
		t.Errorf("left: %v, the kernel says %v", left, leader.SignalGroup(0))
	}
	if leader.GroupLives() {
		t.Error("a zombie lives")
	}
	_ = member.Wait()
	if leader.GroupLives() {
		t.Error("nobody lives")
	}
	leader.Release()
}

// A process whose first thread has ended looks like a zombie, and is none.
func TestGroupOfTheHeadless(t *testing.T) {
	t.Parallel()
	in, hold := pipe(t)
	spec := shell(t, "", nil)
	spec.Path, spec.Argv = "/proc/self/exe", []string{"headless"}
	spec.Env = append(os.Environ(), leak.RoleEnv+"=headless")
	spec.Files[0] = int(in.Fd())
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprint("/proc/", p.PID, "/stat"))
		if err != nil {
			t.Fatal(err)
		}
		_, stat, _ := strings.Cut(string(text), ") ")
		if strings.HasPrefix(stat, "Z") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("its first thread does not end: %s", stat)
		}
	}
	if !p.GroupLives() {
		t.Error("it lives")
	}
	if err := p.KillGroup(); err != nil {
		t.Error(err)
	}
	hold.Close()
	if exit := p.Wait(); exit.Signal != unix.SIGKILL {
		t.Errorf("%+v", exit)
	}
}
