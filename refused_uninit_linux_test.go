package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// refusedEarlyVar has the test binary start a child while it is initialised.
const refusedEarlyVar = "MULTIPROC_TEST_REFUSED_EARLY"

func init() {
	if os.Getenv(refusedEarlyVar) != "" {
		refusedTry()
	}
}

// refusedTry starts what must not be started, prints what comes of it, and
// exits.
func refusedTry() {
	if multiproc.IsChild() { // what the test would find; and there it ends
		fmt.Println("a child runs this")
		os.Exit(1)
	}
	ctx := context.Background()
	_, err := square.Start(ctx, 1)
	_, inErr := square.With(multiproc.Options{Method: multiproc.InProcess}).Start(ctx, 1)
	_, cmdErr := multiproc.StartCommand(ctx, exec.Command("true"), multiproc.Options{})
	pid, waitErr := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	fmt.Println(errors.Is(err, multiproc.ErrNotInitialized), errors.Is(inErr, multiproc.ErrNotInitialized),
		errors.Is(cmdErr, multiproc.ErrNotInitialized), multiproc.IsChild(), len(multiproc.ActiveChildren()), pid, errors.Is(waitErr, syscall.ECHILD), err)
	os.Exit(0)
}

var refusedNoMain = program("refused-no-main", refusedTry)

// TESTS 44, PAINS 81: a program that calls neither Main nor Init, or starts
// something before it does, is told what to add. Nothing is started, or each
// child would start one.
func TestStartWithoutMain(t *testing.T) {
	t.Parallel()
	early := exec.CommandContext(t.Context(), os.Args[0])
	early.Env = append(os.Environ(), refusedEarlyVar+"=1")
	for name, cmd := range map[string]*exec.Cmd{"no Main": programCommand(t, refusedNoMain), "package initialisation": early} {
		out, err := cmd.CombinedOutput()
		if want := "true true true false 0 -1 true multiproc: "; err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: %v\n%s\nwant %s", name, err, out, want)
		}
		for _, want := range []string{"multiproc.Main(", "multiproc.Init()", "TestMain"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: %q does not say %s", name, out, want)
			}
		}
		if n := strings.Count(string(out), "\n"); n != 1 {
			t.Errorf("%s: %d processes have something to say:\n%s", name, n, out)
		}
	}
}

// refusedChroot is in a directory without /proc.
var refusedChroot = program("refused-chroot", func() {
	multiproc.Init()
	if err := errors.Join(os.Chdir(os.Args[1]), syscall.Chroot(".")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_, err := square.Start(context.Background(), 1)
	n, inErr := square.With(multiproc.Options{Method: multiproc.InProcess}).Call(context.Background(), 3)
	fmt.Println(errors.Is(err, os.ErrNotExist), len(multiproc.ActiveChildren()), n, inErr, err)
	multiproc.Exit(0)
})

// TESTS 45: without /proc a process can't find itself. That fails Start, and
// nothing else.
func TestChrootWithoutProc(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, refusedChroot, t.TempDir())
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 { // chroot needs rights
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: uid, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: gid, Size: 1}},
		}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) && os.Geteuid() != 0 {
		t.Skip("neither root nor a user namespace is to be had: ", err)
	}
	if want := "true 0 9 <nil> multiproc: "; err != nil || !strings.HasPrefix(string(out), want) || !strings.Contains(string(out), "/proc") {
		t.Errorf("%v\n%s\nwant %s", err, out, want)
	}
}
