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
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
)

// PAINS 31, 32: whatever ends a program ends what it started, the deaf too.
func TestEndingAProgramEndsItsGroup(t *testing.T) {
	t.Parallel()
	stranger := lifeCommand(t, multiproc.Options{}, "sleep", "1000")
	const soon = 100 * time.Millisecond
	for name, way := range map[string]struct {
		grace time.Duration
		end   func(p *multiproc.Process, cancel func()) error
	}{
		"Kill":                 {time.Hour, func(p *multiproc.Process, _ func()) error { return p.Kill() }},
		"Terminate":            {soon, func(p *multiproc.Process, _ func()) error { return p.Terminate() }},
		"Stop":                 {soon, func(p *multiproc.Process, _ func()) error { return p.Stop(t.Context()) }},
		"Stop without a grace": {-1, func(p *multiproc.Process, _ func()) error { return p.Stop(t.Context()) }},
		"ctx":                  {soon, func(_ *multiproc.Process, cancel func()) error { cancel(); return nil }},
		"Signal(SIGKILL)":      {soon, func(p *multiproc.Process, _ func()) error { return p.Signal(os.Kill) }},
		"Terminate, then Kill": {time.Hour, func(p *multiproc.Process, _ func()) error { return errors.Join(p.Terminate(), p.Kill()) }},
		"Terminate, Join, Kill": {time.Hour, func(p *multiproc.Process, _ func()) error {
			return errors.Join(p.Terminate(), p.Join(t.Context()), p.Kill())
		}},
	} {
		t.Run(name, func(t *testing.T) { // not in parallel: waiting for its turn can outlast the stranger's context
			ctx, cancel := context.WithCancel(lifeCtx(t))
			defer cancel()
			p, k := groupCommand(t, ctx, multiproc.Options{Grace: way.grace}, "wait")
			if err := way.end(p, cancel); err != nil {
				t.Error(err)
			}
			if err := p.Join(lifeCtx(t)); err != nil {
				t.Error(err)
			}
			if !k.gentle.ended() || !k.deaf.ended() {
				t.Error("somebody goes on")
			}
		})
	}
	if !stranger.Alive() {
		t.Errorf("a stranger: %v", stranger)
	}
}

// Terminate asks the group, and leaves it its time.
func TestTerminateAsksTheGroup(t *testing.T) {
	t.Parallel()
	p, k := groupCommand(t, t.Context(), multiproc.Options{Grace: time.Hour}, "wait")
	if err := errors.Join(p.Terminate(), p.Join(lifeCtx(t))); err != nil {
		t.Error(err)
	}
	if !k.gentle.ended() || !k.deaf.goesOn(t) {
		t.Error("SIGTERM went elsewhere")
	}
}

// A signal is for the process alone.
func TestSignalIsForTheProcessAlone(t *testing.T) {
	t.Parallel()
	p, k := groupCommand(t, t.Context(), multiproc.Options{}, "trap 'exit 7' USR1; echo; while :; do wait; done")
	if err := p.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if err := p.Join(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if !k.gentle.goesOn(t) || !k.deaf.goesOn(t) {
		t.Error("the signal went to the group")
	}
}

// A program that ended by itself keeps what it left behind, until somebody here
// wants that to end, which then has its grace.
func TestBackgroundProcesses(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*multiproc.Process) error{
		"Terminate": (*multiproc.Process).Terminate,
		"Stop":      func(p *multiproc.Process) error { return p.Stop(t.Context()) },
	} {
		for _, grace := range []time.Duration{50 * time.Millisecond, time.Hour} {
			p, k := groupCommand(t, t.Context(), multiproc.Options{Grace: grace}, "exit 7")
			if err := p.Join(lifeCtx(t)); err != nil {
				t.Fatal(err)
			}
			if !k.gentle.goesOn(t) || !k.deaf.goesOn(t) {
				t.Errorf("%s: nobody asked them to end", name)
			}
			if err := end(p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !k.gentle.ended() {
				t.Errorf("%s: the gentle one goes on", name)
			}
			if grace == time.Hour {
				if !k.deaf.goesOn(t) {
					t.Errorf("%s: it had no grace", name)
				}
				if err := p.Kill(); err != nil {
					t.Error(err)
				}
			}
			if !k.deaf.ended() {
				t.Errorf("%s: the deaf one goes on", name)
			}
			if code, ok := p.ExitCode(); code != 7 || !ok {
				t.Errorf("%s: the program's code became %d, %v", name, code, ok)
			}
		}
	}
}

// What has a group of somebody else's is ended alone: that is the test's own.
func TestProgramInAnotherGroup(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	for _, end := range []func(*multiproc.Process) error{(*multiproc.Process).Terminate, (*multiproc.Process).Kill} {
		cmd := *cmd
		p, err := multiproc.StartCommand(lifeCtx(t), &cmd, multiproc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(end(p), p.Join(lifeCtx(t))); err != nil {
			t.Error(err)
		}
	}
}

// groupTerminal returns the two ends of a new terminal.
func groupTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// With a terminal as its input a program stays in this group, where it may read
// it; a detached one has a session of its own all the same.
func TestProgramOnATerminal(t *testing.T) {
	t.Parallel()
	_, terminal := groupTerminal(t)
	for _, detached := range []bool{false, true} {
		var out strings.Builder
		cmd := exec.Command("cut", "-d ", "-f1,5,6", "/proc/self/stat") // pid, group, session
		cmd.Stdin, cmd.Stdout = terminal, &out
		p, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{Detached: detached})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(lifeCtx(t)); err != nil {
			t.Error(err)
		}
		var pid, group, session int
		if _, err := fmt.Sscan(out.String(), &pid, &group, &session); err != nil {
			t.Error(err)
		}
		if (group == pid) != detached || (session == pid) != detached {
			t.Errorf("detached %v: process %d, group %d, session %d", detached, pid, group, session)
		}
	}
}
