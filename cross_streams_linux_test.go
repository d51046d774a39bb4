package multiproc_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc"
)

var crossStreams = multiproc.NewFunc("cross-streams", func(context.Context, int) (blocks [3]bool, err error) {
	for fd := range blocks {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return blocks, err
		}
		blocks[fd] = flags&unix.O_NONBLOCK == 0
	}
	// A program that knows nothing of the runtime's poller.
	cat := exec.Command("cat")
	cat.Stdin, cat.Stdout = os.Stdin, os.Stdout
	return blocks, cat.Run()
})

// Pipes that a child is given as its streams block, as any program expects.
func TestStreamsBlock(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("more than a pipe holds\n", 20_000)
	var stdout, stderr bytes.Buffer
	opts := multiproc.Options{Stdin: strings.NewReader(text), Stdout: &stdout, Stderr: &stderr}
	blocks, err := crossStreams.With(opts).Call(lifeCtx(t), 0)
	if blocks != [3]bool{true, true, true} || err != nil {
		t.Errorf("streams block: %v, %v", blocks, err)
	}
	if stdout.String() != text || stderr.Len() != 0 {
		t.Errorf("%d of %d bytes came through\n%s", stdout.Len(), len(text), &stderr)
	}
}
