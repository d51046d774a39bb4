//go:build unix

package multiproc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"multiproc"
)

// lifeClosed closes the descriptors that it is told while it runs, has a child
// write, and tells in a file how that went.
var lifeClosed = program("life-closed", func() {
	multiproc.Main(func(ctx context.Context) error {
		for _, fd := range os.Args[2:] {
			n, err := strconv.Atoi(fd)
			if err == nil {
				err = syscall.Close(n)
			}
			if err != nil {
				return err
			}
		}
		c, err := lifeWrite.Start(ctx, 3)
		if err != nil {
			return errors.Join(err, lifeTell(os.Args[1], err.Error()))
		}
		n, err := c.Result(ctx)
		if err == nil {
			err = c.Wait(ctx)
		}
		if err != nil {
			return errors.Join(err, lifeTell(os.Args[1], err.Error()))
		}
		return lifeTell(os.Args[1], strconv.Itoa(n))
	})
})

// TESTS 36, 40: a parent without standard streams has children all the same.
func TestParentWithoutStreams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		redirect string
		closes   []string
	}{
		"stdin": {"<&-", nil}, "stdout": {">&-", nil}, "stderr": {"2>&-", nil}, "all": {"<&- >&- 2>&-", nil},
		"later 0": {"", []string{"0"}}, "later 1": {"", []string{"1"}}, "later 2": {"", []string{"2"}},
		"later all": {"", []string{"0", "1", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			plain := programCommand(t, lifeClosed, append([]string{file}, c.closes...)...)
			cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `exec "$0" "$@" ` + c.redirect}, plain.Args...)...)
			cmd.Env = plain.Env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if got := lifeHear(t, file); got != "3" {
				t.Errorf("the child's result: %s", got)
			}
		})
	}
}

var lifeCloses = multiproc.NewFunc("life-closes", func(_ context.Context, raw bool) (string, error) {
	if raw {
		return "closed", errors.Join(syscall.Close(1), syscall.Close(2))
	}
	return "closed", errors.Join(os.Stdout.Close(), os.Stderr.Close())
})

// TESTS 41, PAINS 42: a child that closes its own streams has succeeded.
func TestChildWithoutStreams(t *testing.T) {
	t.Parallel()
	for _, raw := range []bool{false, true} {
		c := lifeStart(t, lifeCloses, raw)
		if got, err := c.Result(lifeCtx(t)); got != "closed" || err != nil {
			t.Errorf("Result = %q, %v", got, err)
		}
		if err := c.Wait(lifeCtx(t)); err != nil {
			t.Error(err)
		}
	}
}
