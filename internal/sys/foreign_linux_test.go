package sys

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process that can't be looked at for want of descriptors is not taken for
// dead: what it has registered would be cleaned up in its lifetime. Foreign
// without a pidfd is known by what is read of it, and Close ends the waiting.
func TestForeignWithoutDescriptors(t *testing.T) {
	t.Parallel()
	playRole(t, "foreign-short")
}

func init() { roles["foreign-short"] = foreignShort }

func foreignShort() {
	known := NewForeign(os.Getppid(), -1)
	var was unix.Rlimit
	must(unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: was.Max}))
	for _, f := range []*Foreign{known, NewForeign(os.Getppid(), -1)} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			f.Wait()
		}()
		select {
		case <-ended:
			println("it is taken for dead")
			os.Exit(1)
		case <-time.After(120 * time.Millisecond):
		}
		must(unix.Setrlimit(unix.RLIMIT_NOFILE, &was))
		f.Close()
		<-ended
		must(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: was.Max}))
	}
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		println(err.Error())
		os.Exit(2)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	p := startShell(t, "kill -STOP $$")
	if err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WSTOPPED, nil); err != nil {
		t.Fatal(err)
	}
	if state, err := State(p.PID); state != 'T' {
		t.Errorf("stopped: %c, %v", state, err)
	}
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Error(err)
	}
	p.Wait()
	if state, err := State(p.PID); err == nil {
		t.Errorf("reaped: %c", state)
	}
}
