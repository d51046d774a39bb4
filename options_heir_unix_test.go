//go:build unix

package multiproc_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"multiproc"
)

// heirTalks leaves somebody behind who never stops to talk.
var heirTalks = multiproc.NewFunc("heir-talks", func(context.Context, int) (int, error) {
	cmd := exec.Command("yes")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // else it ends with this process
	err := cmd.Start()
	if err != nil {
		return 0, err
	}
	return cmd.Process.Pid, cmd.Process.Release()
})

// heirHeard counts without a lock: the race detector is the judge.
type heirHeard struct{ n int }

func (h *heirHeard) Write(p []byte) (int, error) {
	h.n += len(p)
	return len(p), nil
}

// After Join nobody writes to the caller's writer, whoever holds the pipe.
func TestWriterIsTheCallersAfterJoin(t *testing.T) {
	t.Parallel()
	var heard heirHeard
	c, err := heirTalks.With(multiproc.Options{Stdout: &heard, Grace: -1}).Start(lifeCtx(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Join(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	if heard.n == 0 { // yes has died of SIGPIPE, or will
		t.Error("nothing was heard")
	}
}
