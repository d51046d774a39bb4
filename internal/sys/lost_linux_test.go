package sys

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keepsExit reports whether the kernel tells the status of a process that was
// reaped: Linux 6.15, by its version rather than by the code under test.
func keepsExit(t *testing.T) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major > 6 || major == 6 && minor >= 15
}

func TestStatusThatSomebodyElseTook(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]Exit{"exit 7": {Code: 7}, "kill -9 $$": {Code: -1, Signal: unix.SIGKILL}} {
		p := startShell(t, script)
		if _, err := unix.Wait4(p.PID, nil, 0, nil); err != nil {
			t.Fatal(err)
		}
		if err := p.Signal(unix.SIGKILL); !errors.Is(err, ErrProcessDone) {
			t.Errorf("%s: Signal = %v", script, err)
		}
		if !keepsExit(t) {
			want = Exit{Lost: true}
		}
		if got := p.Wait(); got != want {
			t.Errorf("%s: %+v, want %+v", script, got, want)
		}
	}
}

func TestStatusThatNobodyKeeps(t *testing.T) {
	t.Parallel()
	r, _ := pipe(t)
	if got := lostExit(int(r.Fd())); got != (Exit{Lost: true}) {
		t.Errorf("of a pipe: %+v", got)
	}
	p := startShell(t, "exec sleep 1000")
	_ = p.control(func(fd int) {
		if got := lostExit(fd); got != (Exit{Lost: true}) {
			t.Errorf("of one that runs: %+v", got)
		}
	})
	_ = p.Signal(unix.SIGKILL)
	p.Wait()
	if got := exitOf(nil, os.ErrProcessDone); got != (Exit{Lost: true}) {
		t.Errorf("without a state: %+v", got)
	}
}

func init() {
	roles["ignore SIGCHLD"] = func() {
		signal.Ignore(syscall.SIGCHLD)
		null, err := OpenNull()
		if err != nil {
			fmt.Println(err)
			return
		}
		r, w, err := os.Pipe()
		if err != nil {
			fmt.Println(err)
			return
		}
		p, err := Start(&Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", "read x; exit 7"}, Env: os.Environ(), Files: []int{int(r.Fd()), null, null}})
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Close()
		done := make(chan Exit, 1)
		go func() { done <- p.Wait() }()
		select { // a net for the bug, not a race: it runs until w is closed
		case exit := <-done:
			fmt.Printf("while it runs: %+v", exit)
		case <-time.After(100 * time.Millisecond):
			w.Close()
			fmt.Printf("%+v", <-done)
		}
	}
}

func TestSIGCHLDIgnored(t *testing.T) {
	t.Parallel()
	want := Exit{Code: 7}
	if !keepsExit(t) {
		want = Exit{Lost: true}
	}
	if got := playRole(t, "ignore SIGCHLD"); got != fmt.Sprintf("%+v", want) {
		t.Errorf("%s, want %+v", got, want)
	}
}
