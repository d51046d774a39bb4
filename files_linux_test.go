package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc"
)

// fileFlags are those of the description, which are everybody's.
func fileFlags(t testing.TB, f *os.File) int {
	t.Helper()
	flags, err := fileFcntl(f, unix.F_GETFL)
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

func fileFcntl(f *os.File, what int) (value int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := conn.Control(func(fd uintptr) { value, err = unix.FcntlInt(fd, what, 0) })
	return value, errors.Join(err, cerr)
}

// fileGet claims a file, which must be close-on-exec.
func fileGet(name string) (*os.File, error) {
	f, ok := multiproc.InheritedFile(name)
	if !ok {
		return nil, fmt.Errorf("there is no %s", name)
	}
	if flags, err := fileFcntl(f, unix.F_GETFD); err != nil || flags != unix.FD_CLOEXEC {
		return nil, fmt.Errorf("%s: descriptor flags %d, %w", name, flags, err)
	}
	return f, nil
}

// fileUses each kind of file, and tells what is wrong.
var fileUses = multiproc.NewFunc("file-uses", func(_ context.Context, pollable []string) (string, error) {
	for _, use := range []func() error{filePipes, fileSocket, fileListener, fileRegular} {
		if err := use(); err != nil {
			return "", err
		}
	}
	return "used", nil
})

func filePipes() error {
	r, err1 := fileGet("read")
	w, err2 := fileGet("write")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := errors.Join(r.SetDeadline(time.Time{}), w.SetDeadline(time.Time{})); err != nil {
		return fmt.Errorf("not in the poller: %w", err)
	}
	// The ends keep their direction. TESTS 30.
	if _, err := r.WriteString("x"); !errors.Is(err, syscall.EBADF) {
		return fmt.Errorf("to write to the end for reading: %w", err)
	}
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, syscall.EBADF) {
		return fmt.Errorf("to read from the end for writing: %w", err)
	}
	text, err := io.ReadAll(r)
	if string(text) != "down the pipe" || err != nil {
		return fmt.Errorf("read %q: %w", text, err)
	}
	_, err = w.WriteString("up the pipe")
	return errors.Join(err, w.Close(), r.Close())
}

func fileSocket() error {
	f, err := fileGet("socket")
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("by socket"))
	return err
}

func fileListener() error {
	f, err := fileGet("listener")
	if err != nil {
		return err
	}
	defer f.Close()
	listener, err := net.FileListener(f)
	if err != nil {
		return err
	}
	defer listener.Close()
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("by TCP"))
	return err
}

func fileRegular() error {
	f, err := fileGet("regular")
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(f) // from where the parent was
	if string(text) != "file" || err != nil {
		return fmt.Errorf("regular file: %q: %w", text, err)
	}
	_, err = f.WriteString(", longer")
	return err
}

// fileSet is one file of each kind, and the parent's side of it.
func fileSet(t *testing.T) (given map[string]*os.File, ours map[string]io.ReadWriteCloser, address, path string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	theirR, ourW, err := os.Pipe()
	must(err)
	ourR, theirW, err := os.Pipe()
	must(err)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(err)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	listener, err := tcp.(*net.TCPListener).File()
	must(err)
	must(tcp.Close())
	path = filepath.Join(t.TempDir(), "regular")
	must(os.WriteFile(path, []byte("a file"), 0o600))
	regular, err := os.OpenFile(path, os.O_RDWR, 0)
	must(err)
	_, err = regular.Seek(2, io.SeekStart)
	must(err)
	given = map[string]*os.File{
		"read": theirR, "write": theirW, "socket": os.NewFile(uintptr(pair[1]), "theirs"),
		"listener": listener, "regular": regular,
	}
	ours = map[string]io.ReadWriteCloser{"read": ourW, "write": ourR, "socket": os.NewFile(uintptr(pair[0]), "ours")}
	t.Cleanup(func() {
		for _, f := range given {
			f.Close()
		}
		for _, f := range ours {
			f.Close()
		}
	})
	return given, ours, tcp.Addr().String(), path
}

// Each kind of file survives the trip, with the parent's closed at once: TESTS
// 28, 30; and no flag of theirs changes on the way: FACTS 19.
func TestInheritedFiles(t *testing.T) {
	t.Parallel()
	given, ours, address, path := fileSet(t)
	before := map[string]int{}
	for name, f := range given {
		before[name] = fileFlags(t, f)
	}
	c, err := fileUses.With(multiproc.Options{Files: given}).Start(lifeCtx(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range given {
		if after := fileFlags(t, f); after != before[name] {
			t.Errorf("%s: flags %#x became %#x", name, before[name], after)
		}
		if name != "write" { // kept, to see what the child does to its flags
			f.Close()
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(ours["read"], "down the pipe"); err != nil {
		t.Error(err)
	}
	ours["read"].Close()
	if text, err := c.Result(lifeCtx(t)); text != "used" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if after := fileFlags(t, given["write"]); after != before["write"] {
		t.Errorf("the child made flags %#x of %#x", after, before["write"])
	}
	given["write"].Close()
	for _, c := range []struct {
		r    io.Reader
		want string
	}{{ours["write"], "up the pipe"}, {ours["socket"], "by socket"}, {conn, "by TCP"}} {
		if got, err := io.ReadAll(c.r); string(got) != c.want || err != nil { // to its end: nobody else has it
			t.Errorf("%q, %v, want %q", got, err, c.want)
		}
	}
	if got, err := os.ReadFile(path); string(got) != "a file, longer" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// fileClaims counts how often a file can be claimed, by many at once, and
// lists what a program that it starts has.
var fileClaims = multiproc.NewFunc("file-claims", func(context.Context, int) (string, error) {
	var had atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, ok := multiproc.InheritedFile("once"); ok {
				had.Add(1)
			}
		})
	}
	group.Wait()
	_, again := multiproc.InheritedFile("once")
	_, other := multiproc.InheritedFile("other")
	_, empty := multiproc.InheritedFile("")
	out, err := exec.Command("sh", "-c", "exec ls /proc/$$/fd").Output()
	return fmt.Sprint(had.Load(), again, other, empty, strings.Fields(string(out))), err
})

func TestInheritedFileIsClaimedOnce(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	opts := multiproc.Options{Files: map[string]*os.File{"once": null, "unclaimed": null}}
	got, err := fileClaims.With(opts).Call(lifeCtx(t), 0)
	if want := "1 false false false [0 1 2 3]"; got != want || err != nil { // 3 is the listing's own
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, ok := multiproc.InheritedFile("once"); ok {
		t.Error("the parent has inherited it")
	}
}

// What can't be handed down is told apart, and starts nothing.
func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	open, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for name, c := range map[string]struct {
		opts multiproc.Options
		is   error
		says string
	}{
		"nil":       {multiproc.Options{Files: map[string]*os.File{"a": open, "b": nil}}, os.ErrInvalid, `Files["b"] is nil`},
		"closed":    {multiproc.Options{Files: map[string]*os.File{"a": open, "b": closed}}, os.ErrClosed, `Files["b"]`},
		"no name":   {multiproc.Options{Files: map[string]*os.File{"": open}}, nil, "without a name"},
		"InProcess": {multiproc.Options{Files: map[string]*os.File{"a": open}, Method: multiproc.InProcess}, nil, "Files"},
	} {
		p, err := lifeWait.With(c.opts).Start(t.Context(), "")
		if p != nil || err == nil || !strings.Contains(err.Error(), "invalid Options") ||
			!strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: Start = %v, %v", name, p, err)
		}
	}
	cmd := exec.Command("sleep", "1000")
	p, err := multiproc.StartCommand(t.Context(), cmd, multiproc.Options{Files: map[string]*os.File{"a": open}})
	if p != nil || cmd.Process != nil || err == nil || !strings.Contains(err.Error(), "invalid Options") {
		t.Errorf("StartCommand = %v, %v", p, err)
	}
}
