package multiproc_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
	"multiproc/internal/sandbox"
	"multiproc/internal/sys"
	"multiproc/tempdir"
	"multiproc/tracker"
)

// An oddDay is what a program in an odd place came to: an error each, empty for
// none.
type oddDay struct {
	Func, Command, Dir, Track string
	Typed                     bool     // each error is one of those to branch on
	Left                      []string // of a directory that could not be made
}

// oddLive uses a bit of everything.
func oddLive(ctx context.Context) (day oddDay) {
	day.Typed = true
	tell := func(err error) string {
		if err == nil {
			return ""
		}
		var errno syscall.Errno
		day.Typed = day.Typed && errors.As(err, &errno)
		return err.Error()
	}
	nine, err := square.Call(ctx, 3)
	if err == nil && nine != 9 {
		err = fmt.Errorf("the square of 3 is %d", nine)
	}
	day.Func = tell(err)
	p, err := multiproc.StartCommand(ctx, exec.Command("/bin/sh", "-c", "exit 0"), multiproc.Options{})
	if err == nil {
		err = p.Wait(ctx)
	}
	day.Command = tell(err)
	if _, err = tempdir.Get(); err != nil {
		day.Left, _ = filepath.Glob(os.TempDir() + "/*")
	}
	day.Dir = tell(err)
	if err = tracker.File.Register("odd"); err == nil {
		err = tracker.File.Release(ctx, "odd")
	}
	day.Track = tell(err)
	return day
}

// oddReport is the descriptor that the report goes to: some have no streams.
const oddReport = 3

// oddPlaces are what the program itself does to get to a place.
var oddPlaces = map[string]func() error{
	"":        func() error { return nil },
	"no proc": func() error { return unix.Unmount("/proc", unix.MNT_DETACH) },
	"PID 1":   func() error { return unix.Mount("proc", "/proc", "proc", 0, "") },
	"few files": func() error {
		few := syscall.Rlimit{Cur: 32, Max: 32}
		return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few)
	},
	"read-only":   func() error { return oddMount(unix.MS_RDONLY, "") },
	"full":        func() error { return oddMount(0, "nr_inodes=1") },
	"nearly full": func() error { return oddMount(0, "nr_inodes=2") }, // a lock, and no directory
}

func oddMount(flags uintptr, options string) error {
	return unix.Mount("tmpfs", os.TempDir(), "tmpfs", flags, options)
}

var oddProgram = program("odd", func() {
	multiproc.Main(func(ctx context.Context) error {
		report := os.NewFile(oddReport, "report")
		sys.CloseOnExec(oddReport)
		if err := oddPlaces[os.Getenv("ODD_PLACE")](); err != nil {
			return err
		}
		day := oddLive(ctx)
		if os.Getenv("ODD_STAYS") != "" {
			if _, err := lifeWait.Start(ctx, os.Getenv("ODD_STAYS")); err != nil {
				return err
			}
			select {}
		}
		return json.NewEncoder(report).Encode(day)
	})
})

// oddRun runs the program to its end, which must be in order and leave nothing.
// Its TMPDIR is tmp.
func oddRun(t *testing.T, cmd *exec.Cmd, tmp string) (day oddDay) {
	t.Helper()
	tag := "MULTIPROC_TEST_STAGE=" + rand.Text()
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp, "GORACE=atexit_sleep_ms=20", tag)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w}
	var said bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stdout, cmd.Stderr = &said, &said
	}
	err = startClean(cmd)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	net := time.AfterFunc(lifeNet, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	defer net.Stop()
	text, err := io.ReadAll(r)
	if werr := cmd.Wait(); werr != nil || err != nil || json.Unmarshal(text, &day) != nil {
		t.Fatalf("%v, %v: %s\n%s", werr, err, text, &said)
	}
	if left := stageLeft(tag); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
	if names, err := filepath.Glob(tmp + "/*"); len(names) > 0 || err != nil {
		t.Errorf("files left: %v, %v", names, err)
	}
	return day
}

// fine checks that everything worked.
func (day oddDay) fine(t *testing.T) {
	t.Helper()
	if day.Func+day.Command+day.Dir+day.Track != "" {
		t.Errorf("%+v", day)
	}
}

// A refusal is a system call that fails where one of its arguments is value.
type refusal struct {
	call, arg uint32
	value     int64
	errno     syscall.Errno
}

// Refusals as old kernels and the filters of containers have them.
var refusals = map[string]refusal{
	"pidfd_open":     {unix.SYS_PIDFD_OPEN, 0, sandbox.Any, unix.ENOSYS},
	"P_PIDFD":        {unix.SYS_WAITID, 0, unix.P_PIDFD, unix.EINVAL},
	"close_range":    {unix.SYS_CLOSE_RANGE, 0, sandbox.Any, unix.ENOSYS},
	"pidfd's group":  {unix.SYS_PIDFD_SEND_SIGNAL, 3, unix.PIDFD_SIGNAL_PROCESS_GROUP, unix.EINVAL},
	"pidfd's signal": {unix.SYS_PIDFD_SEND_SIGNAL, 0, sandbox.Any, unix.EPERM},
}

// refuse makes a command for a registered program one in a sandbox.
func refuse(cmd *exec.Cmd, list ...string) {
	name := ""
	for _, entry := range cmd.Env {
		if value, ok := strings.CutPrefix(entry, programVar+"="); ok {
			name = value
		}
	}
	cmd.Args = append([]string{cmd.Args[0], strings.Join(list, ","), name}, cmd.Args[1:]...)
	cmd.Env = append(cmd.Env, programVar+"="+refusing)
}

// refusing becomes another program, to which calls are refused.
var refusing = program("refusing", func() {
	for name := range strings.SplitSeq(os.Args[1], ",") {
		r, ok := refusals[name]
		if !ok {
			panic(name)
		}
		if err := sandbox.RefuseWhere(r.call, r.arg, r.value, r.errno); err != nil {
			panic(err)
		}
	}
	os.Setenv(programVar, os.Args[2])
	panic(syscall.Exec("/proc/self/exe", append(os.Args[:1], os.Args[3:]...), os.Environ()))
})
