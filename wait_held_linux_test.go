package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// lifeFIFO makes a FIFO and holds it open until the test closes it: what reads
// it lives until then.
func lifeFIFO(t *testing.T) (path string, hold *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hold.Close() })
	return path, hold
}

// lifeHeir leaves a program behind that holds all the descriptors of this
// process, the control socket too, and reads the FIFO.
var lifeHeir = multiproc.NewFunc("life-heir", func(_ context.Context, fifo string) (int, error) {
	stdin, err := os.Open(fifo)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command("cat")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // or it would be told to end with us
	sockets, err := lifeSockets()
	if err != nil || len(sockets) == 0 {
		return 0, fmt.Errorf("control socket: %v, %w", sockets, err)
	}
	for _, fd := range sockets {
		fd, err := syscall.Dup(fd)
		if err != nil {
			return 0, err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), "socket"))
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
})

// lifeSockets lists the descriptors of this process that are sockets.
func lifeSockets() (list []int, err error) {
	entries, err := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if n, err := strconv.Atoi(e.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			list = append(list, n)
		}
	}
	return list, err
}

// lifeGone tells whether the process has ended.
func lifeGone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TESTS 86, PAINS 23: the end of a child is known though a descendant holds
// every descriptor that the child had. One that holds the output is waited for
// no longer than Grace.
func TestHeirsDelayNobody(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]multiproc.Options{
		"own streams":   {Grace: time.Hour},
		"held output":   {Grace: 50 * time.Millisecond, Stdout: &strings.Builder{}},
		"held, no time": {Grace: -1, Stdout: &strings.Builder{}, Stderr: &strings.Builder{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fifo, hold := lifeFIFO(t)
			c := lifeStart(t, lifeHeir.With(opts), fifo)
			pid, err := c.Result(lifeCtx(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Wait(lifeCtx(t)); err != nil {
				t.Error(err)
			}
			if code, ok := c.ExitCode(); code != 0 || !ok {
				t.Errorf("ExitCode() = %d, %v", code, ok)
			}
			if lifeGone(pid) {
				t.Error("the heir has ended: this test tests nothing")
			}
			hold.Close()
		})
	}
}

// The same for a program.
func TestHeirsOfAProgram(t *testing.T) {
	t.Parallel()
	fifo, hold := lifeFIFO(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	cmd := exec.Command("sh", "-c", `cat <"$0" & echo $! >"$1"; echo out`, fifo, pidFile)
	var stdout strings.Builder
	cmd.Stdout = &stdout
	p, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{Grace: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(lifeCtx(t)); err != nil {
		t.Error(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(lifeHear(t, pidFile)))
	if err != nil || lifeGone(pid) {
		t.Errorf("the heir %d has ended: this test tests nothing (%v)", pid, err)
	}
	if stdout.String() != "out\n" {
		t.Errorf("stdout is %q", &stdout)
	}
	hold.Close()
}

// lifeNaked closes its streams and its control socket, and lives on.
var lifeNaked = multiproc.NewFunc("life-naked", func(_ context.Context, file string) (int, error) {
	sockets, err := lifeSockets()
	if err != nil {
		return 0, err
	}
	for _, fd := range append(sockets, 0, 1, 2) {
		if err := syscall.Close(fd); err != nil {
			return 0, err
		}
	}
	if err := lifeTell(file, "naked"); err != nil {
		return 0, err
	}
	select {}
})

// lifeTurned becomes another program.
var lifeTurned = multiproc.NewFunc("life-turned", func(_ context.Context, file string) (int, error) {
	return 0, syscall.Exec("/bin/sh", []string{"sh", "-c", `: >"$0"; exec sleep 1000`, file}, os.Environ())
})

// PAINS 22: a child that closes its descriptors, or becomes another program,
// has not ended; to wait for it still obeys the ctx.
func TestEndIsNotAnEOF(t *testing.T) {
	t.Parallel()
	for _, f := range []*multiproc.Func[string, int]{lifeNaked, lifeTurned} {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			c := lifeStart(t, f, file)
			lifeHear(t, file)
			for range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				_, rerr := c.Result(ctx)
				for _, err := range []error{rerr, c.Join(ctx), c.Wait(ctx)} {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v while it runs", err)
					}
				}
			}
			if !c.Alive() {
				t.Fatal("it counts as dead")
			}
			if err := c.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := c.Join(lifeCtx(t)); err != nil {
				t.Fatal(err)
			}
			if code, ok := c.ExitCode(); code != -9 || !ok {
				t.Errorf("ExitCode() = %d, %v", code, ok)
			}
		})
	}
}
