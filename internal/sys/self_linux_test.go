package sys

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/internal/leak"
)

func TestExecutableIsThisBinary(t *testing.T) {
	t.Parallel()
	path, err := Executable()
	if err != nil {
		t.Fatal(err)
	}
	got, err1 := os.Stat(path)
	want, err2 := os.Stat(os.Args[0])
	if err1 != nil || err2 != nil || !os.SameFile(got, want) {
		t.Errorf("%s is not %s: %v, %v", path, os.Args[0], err1, err2)
	}
}

func init() {
	if os.Getenv(leak.RoleEnv) == "names" { // here, where this goroutine keeps to the main thread
		comm := func() {
			name, err := os.ReadFile("/proc/self/comm")
			fmt.Printf("%s%v ", name, err)
		}
		SetName("main")
		comm()
		SetName("a name that is longer than the system keeps")
		comm()
		done := make(chan bool)
		go func() {
			defer close(done)
			SetName("Process-1:2")
			comm()
		}()
		<-done
		os.Exit(0)
	}
	roles["no /proc"] = func() {
		if err := syscall.Chroot(os.Args[1]); err != nil {
			fmt.Print("chroot: ", err)
			return
		}
		path, err := Executable()
		fmt.Printf("%q %v: %v", path, errors.Is(err, ErrNoExecutable) && errors.Is(err, unix.ENOENT), err)
	}
	roles["no descriptors"] = func() {
		open, err := os.Open(os.DevNull) // the next one is not to be had
		if err != nil {
			fmt.Print(err)
			return
		}
		var limit unix.Rlimit
		_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
		limit.Cur = 0
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			fmt.Print(err)
			return
		}
		parent, child, pairErr := Pair()
		null, nullErr := OpenNull()
		mem, memErr := SharedMemory("test")
		fmt.Print(parent == nil, child, null, mem)
		for _, err := range []error{pairErr, nullErr, memErr} {
			fmt.Print("; ", errors.Is(err, unix.EMFILE), " ", err)
		}
		open.Close()
	}
}

func TestSetName(t *testing.T) {
	t.Parallel()
	if got, want := playRole(t, "names"), "main\n<nil> a name that is \n<nil> Process-1:2\n<nil> "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSetNameOfThisProcess(t *testing.T) {
	const comm = "/proc/self/comm"
	old, err := os.ReadFile(comm)
	if err != nil {
		t.Fatal(err)
	}
	defer SetName(strings.TrimSuffix(string(old), "\n"))
	SetName("sys-test")
	if got, err := os.ReadFile(comm); string(got) != "sys-test\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestExecutableWithoutProc(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the root directory")
	}
	cmd := roleCommand(t, "no /proc", t.TempDir())
	out, err := cmd.Output()
	want := `"" true: ` + ErrNoExecutable.Error() + ": /proc/self/exe is not there (is /proc mounted?): no such file or directory"
	if string(out) != want {
		t.Errorf("%s, %v, want %s", out, err, want)
	}
}

func TestWithoutDescriptors(t *testing.T) {
	t.Parallel()
	want := "true -1 -1 -1" +
		"; true socketpair: too many open files; true open /dev/null: too many open files; true memfd_create: too many open files"
	if got := playRole(t, "no descriptors"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestClockOfTheMachine(t *testing.T) {
	t.Parallel()
	before := Monotonic()
	r, w := pipe(t)
	spec := shell(t, "cut -d' ' -f1 /proc/uptime", w)
	var seconds float64
	if _, err := fmt.Sscan(output(t, spec, r, w), &seconds); err != nil {
		t.Fatal(err)
	}
	after := Monotonic()
	if before <= 0 || before > after {
		t.Errorf("%v, then %v", before, after)
	}
}
