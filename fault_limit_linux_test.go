package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
)

// faultTight calls do with so many descriptors free.
func faultTight(free int, do func()) error {
	const low = 64
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: low, Max: was.Max}); err != nil {
		return err
	}
	var taken []int
	defer func() {
		for _, fd := range taken {
			_ = syscall.Close(fd)
		}
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) // which it was
	}()
	for {
		fd, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
		if errors.Is(err, unix.EMFILE) {
			break
		} else if err != nil {
			return err
		}
		taken = append(taken, fd)
	}
	if free > len(taken) {
		return fmt.Errorf("only %d can be free", len(taken))
	}
	for _, fd := range taken[:free] {
		_ = syscall.Close(fd)
	}
	taken = taken[free:]
	do()
	return nil
}

// faultFew runs out of descriptors at each point of a start and a registration,
// one after the other, and then has enough.
var faultFew = lifeProgram("fault-few", func(ctx context.Context) (some faultSome, err error) {
	warm, last := os.Args[1] == "warm", 20
	time.Sleep(time.Nanosecond) // the runtime's poller: without descriptors for it the runtime throws
	if warm {                   // there is a tracker, and all that a first child needs
		some.Reports = append(some.Reports, faultTry(ctx, faultCommand()))
	}
	if some.Holds[0], err = faultLook(nil); err != nil {
		return some, err
	}
	for free := range last {
		if err := faultTight(free, func() {
			some.Reports = append(some.Reports, faultTry(ctx, faultCommand()))
		}); err != nil {
			return some, err
		}
		if err := multiproc.Cleanup(ctx); err != nil && !warm { // so that each is the first
			return some, err
		}
		if some.Holds[1], err = faultLook(&some.Holds[0]); err != nil {
			return some, fmt.Errorf("%d free: %w", free, err)
		}
	}
	some.Reports = append(some.Reports, faultTry(ctx, faultCommand()))
	return some, faultNobody(ctx)
})

// PAINS 38: each descriptor that is missing is an error with EMFILE and leaves
// nothing, and once they are there all works.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"cold", "warm"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			some := lifeRun[faultSome](t, patient(coldOnly(programCommand(t, faultFew, how))))
			failed := [3]int{}
			for free, r := range some.Reports {
				for i, f := range []faultError{r.Func, r.Command, r.Track} {
					if f.Text == "" {
						continue
					}
					failed[i]++
					if f.Errno != int(syscall.EMFILE) {
						t.Errorf("%d: %+v", free, f)
					}
				}
				if r.Track.Unavailable != (r.Track.Text != "") {
					t.Errorf("%d: %+v", free, r.Track)
				}
			}
			t.Logf("%v of %d failed", failed, len(some.Reports))
			if failed[0] == 0 || failed[1] == 0 || how == "cold" && failed[2] == 0 {
				t.Error("nothing was missing")
			}
			if last := some.Reports[len(some.Reports)-1]; last.Func.Text+last.Command.Text+last.Track.Text != "" {
				t.Errorf("afterwards: %+v", last)
			}
		})
	}
}

// faultBusy starts a program that is open for writing, and then is not.
var faultBusy = lifeProgram("fault-busy", func(ctx context.Context) (reports [2]faultReport, err error) {
	file, err := os.OpenFile(os.Args[1], os.O_WRONLY, 0)
	if err != nil {
		return reports, err
	}
	reports[0] = faultTry(ctx, exec.Command(os.Args[1]))
	file.Close()
	reports[1] = faultTry(ctx, exec.Command(os.Args[1]))
	return reports, faultNobody(ctx)
})

func TestBusyProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "busy")
	if out, err := exec.CommandContext(t.Context(), "install", "/bin/true", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	reports := lifeRun[[2]faultReport](t, programCommand(t, faultBusy, path))
	reports[0].Command.check(t, "program", syscall.ETXTBSY, path)
	reports[0].Command = faultError{}
	for _, r := range reports {
		if r.Func.Text+r.Command.Text+r.Track.Text != "" {
			t.Errorf("%+v", r)
		}
	}
}

// faultUser is nobody's, so that no other test's processes count.
const faultUser = 65533

// faultProcesses has used up its processes, and then has not.
var faultProcesses = lifeProgram("fault-processes", func(ctx context.Context) (reports [2]faultReport, err error) {
	idle := make(chan struct{}, 32)
	for range cap(idle) { // threads, which the runtime could not start when there are none to be had
		go func() { _ = unix.Nanosleep(&unix.Timespec{Nsec: 50e6}, nil); idle <- struct{}{} }()
	}
	for range cap(idle) {
		<-idle
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &was); err != nil {
		return reports, err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1, Max: was.Max}); err != nil {
		return reports, err
	}
	reports[0] = faultTry(ctx, faultCommand())
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &was); err != nil {
		return reports, err
	}
	reports[1] = faultTry(ctx, faultCommand())
	return reports, faultNobody(ctx)
})

func TestNoProcesses(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user, whose processes are counted alone")
	}
	cmd := oddAs(t, programCommand(t, faultProcesses), faultUser)
	reports := lifeRun[[2]faultReport](t, cmd)
	r := reports[0]
	r.Func.check(t, "function", syscall.EAGAIN, "fork/exec")
	r.Command.check(t, "program", syscall.EAGAIN, "fork/exec")
	r.Track.check(t, "registration", syscall.EAGAIN, "start the tracker")
	if r = reports[1]; r.Func.Text+r.Command.Text+r.Track.Text != "" || !reports[0].Track.Unavailable {
		t.Errorf("%+v", reports)
	}
}
