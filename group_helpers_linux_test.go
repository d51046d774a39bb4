package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
)

// A groupKin is a process that a child started, held by a pidfd.
type groupKin struct{ fd, pid int }

// ended waits for its end, for a minute at most: a zombie has ended.
func (k groupKin) ended() bool { return k.endedWithin(lifeNet) }

func (k groupKin) endedWithin(d time.Duration) bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLIN}}, int(d.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

func (k groupKin) runs() bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLIN}}, 0)
	return n <= 0 // EINTR comes of nothing that has ended
}

// goesOn reports whether it runs and is not stopped. A signal that went astray has
// had the time that a program needs to start and to end.
func (k groupKin) goesOn(t *testing.T) bool {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "true").Run(); err != nil {
		t.Error(err)
	}
	return k.runs() && !strings.HasPrefix(statusField(k.pid, "State"), "T")
}

// A groupTree is a gentle program and one that is deaf to SIGTERM, in the group
// of a child.
type groupTree struct{ gentle, deaf groupKin }

func (k groupTree) kill() {
	for _, kin := range []groupKin{k.gentle, k.deaf} {
		_ = unix.PidfdSendSignal(kin.fd, unix.SIGKILL, nil, 0)
		_ = unix.Close(kin.fd)
	}
}

// groupScript starts the two, tells their pids, and ends as it is told.
const groupScript = `sleep 1000 >&- 2>&- & echo $!
(trap '' TERM; exec sh -c 'echo $$; exec sleep 1001 >&- 2>&-') & `

// groupKins reads the pids and holds them.
func groupKins(r io.Reader) (k groupTree, err error) {
	for _, kin := range []*groupKin{&k.gentle, &k.deaf} {
		if _, err := fmt.Fscan(r, &kin.pid); err != nil {
			return k, err
		}
		if kin.fd, err = unix.PidfdOpen(kin.pid, 0); err != nil {
			return k, err
		}
	}
	return k, nil
}

// groupStart starts a program that has the tree below it.
func groupStart(ctx context.Context, opts multiproc.Options, end string) (p *multiproc.Process, k groupTree, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, k, err
	}
	defer r.Close()
	cmd := exec.Command("sh", "-c", groupScript+end)
	cmd.Stdout = w
	p, err = multiproc.StartCommand(ctx, cmd, opts)
	w.Close()
	if err == nil {
		k, err = groupKins(r)
	}
	return p, k, err
}

func groupCommand(t *testing.T, ctx context.Context, opts multiproc.Options, end string) (*multiproc.Process, groupTree) { //nolint:revive // t first, as everywhere
	t.Helper()
	p, k, err := groupStart(ctx, opts, end)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.kill)
	lifeEnd(t, p)
	return p, k
}
