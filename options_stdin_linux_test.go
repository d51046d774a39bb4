package multiproc_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// lifeInput is what descriptor 0 is, and what comes out of it.
type lifeInput struct {
	Target string
	Text   []byte
}

var lifeRead = multiproc.NewFunc("life-read", func(context.Context, struct{}) (in lifeInput, err error) {
	if in.Target, err = os.Readlink("/proc/self/fd/0"); err != nil {
		return in, err
	}
	in.Text, err = io.ReadAll(os.Stdin)
	return in, err
})

// lifeReader has a child read its input, and then reads its own.
var lifeReader = lifeProgram("life-reader", func(ctx context.Context) (list []lifeInput, err error) {
	child, err := lifeRead.Call(ctx, struct{}{})
	if err != nil {
		return nil, err
	}
	own, err := io.ReadAll(os.Stdin)
	return append(list, child, lifeInput{Text: own}), err
})

// TESTS 36, 39: descriptor 0 is the null device at the level of the system,
// and nothing of the parent's input is eaten.
func TestStdinIsNotTheParents(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, lifeReader)
	cmd.Stdin = strings.NewReader("the parent's")
	got := lifeRun[[]lifeInput](t, cmd)
	if got[0].Target != os.DevNull || len(got[0].Text) != 0 || string(got[1].Text) != "the parent's" {
		t.Errorf("the child read %q from %s, the parent %q", got[0].Text, got[0].Target, got[1].Text)
	}
}

// What is given as Stdin arrives, whole.
func TestStdinThatIsGiven(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<15)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, large, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, c := range map[string]struct {
		r    io.Reader
		want []byte
	}{
		"nil":   {nil, nil},
		"empty": {strings.NewReader(""), nil},
		"large": {bytes.NewReader(large), large},
		"file":  {f, large},
	} {
		got, err := lifeRead.With(multiproc.Options{Stdin: c.r}).Call(lifeCtx(t), struct{}{})
		if !bytes.Equal(got.Text, c.want) || err != nil {
			t.Errorf("%s: %d bytes from %s, %v; want %d", name, len(got.Text), got.Target, err, len(c.want))
		}
		if want := map[string]string{"nil": os.DevNull, "file": file}[name]; want != "" && got.Target != want {
			t.Errorf("%s: descriptor 0 is %s, want %s", name, got.Target, want)
		}
	}
	if got, err := f.Seek(0, io.SeekCurrent); got != int64(len(large)) || err != nil {
		t.Errorf("the file was not handed down: its offset is %d, %v", got, err)
	}
}

// A child that does not read its input ends all the same, and so does the
// waiting; also when the reader never answers.
func TestStdinThatNobodyReads(t *testing.T) {
	t.Parallel()
	silent, w := io.Pipe()
	defer w.Close()
	for name, r := range map[string]io.Reader{"large": bytes.NewReader(make([]byte, 1<<20)), "silent": silent} {
		c := lifeStart(t, square.With(multiproc.Options{Stdin: r}), 3)
		if err := c.Wait(lifeCtx(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FACTS 19: the flags of a pipe that is handed down belong to everybody who
// has it, and stay as they were.
func TestHandedDownPipesKeepTheirFlags(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	flags := func(f *os.File) (flags uintptr) {
		conn, err := f.SyscallConn()
		if err == nil {
			err = conn.Control(func(fd uintptr) {
				flags, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return flags
	}
	before := [2]uintptr{flags(r), flags(w)}
	if before[0]&syscall.O_NONBLOCK == 0 {
		t.Fatal("the pipe blocks: this test tests nothing")
	}
	opts := multiproc.Options{Stdin: r, Stdout: w, Stderr: w}
	if _, err := square.With(opts).Call(lifeCtx(t), 3); err != nil {
		t.Fatal(err)
	}
	if after := [2]uintptr{flags(r), flags(w)}; after != before {
		t.Errorf("the flags became %#x, were %#x", after, before)
	}
	if _, err := w.WriteString("still ours"); err != nil {
		t.Error(err)
	}
}
