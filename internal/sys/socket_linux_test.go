package sys

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// socketPair returns what Pair does, closed in the end.
func socketPair(t *testing.T) (parent *os.File, child int) {
	t.Helper()
	parent, child, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { parent.Close(); Close(child) })
	return parent, child
}

func flags(t *testing.T, fd, request int) int {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), request, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPair(t *testing.T) {
	t.Parallel()
	parent, child, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	conn, err := parent.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Control(func(fd uintptr) {
		if flags(t, int(fd), unix.F_GETFD) != unix.FD_CLOEXEC || flags(t, int(fd), unix.F_GETFL)&unix.O_NONBLOCK == 0 {
			t.Error("the parent's end is inherited, or blocks")
		}
	})
	if flags(t, child, unix.F_GETFD) != unix.FD_CLOEXEC || flags(t, child, unix.F_GETFL)&unix.O_NONBLOCK != 0 {
		t.Error("the child's end is inherited, or does not block")
	}

	buf := make([]byte, 100)
	if n, err := RecvNow(child, buf); n != 0 || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("RecvNow of nothing = %d, %v", n, err)
	}
	if Readable(child) {
		t.Error("readable with nothing to read")
	}
	for _, read := range []func(int, []byte) (int, error){Read, RecvNow} {
		if _, err := parent.WriteString("down"); err != nil {
			t.Fatal(err)
		}
		if !Readable(child) {
			t.Error("not readable")
		}
		if n, err := read(child, buf); err != nil || string(buf[:n]) != "down" {
			t.Errorf("%q, %v", buf[:n], err)
		}
	}

	file, err := Pollable(child, "name") // which closes it from here on
	if err != nil || file.Name() != "name" || flags(t, child, unix.F_GETFL)&unix.O_NONBLOCK == 0 {
		t.Fatalf("Pollable = %v, %v", file, err)
	}
	got := make(chan []byte)
	go func() {
		all, err := io.ReadAll(file)
		if err != nil {
			t.Error(err)
		}
		got <- all
	}()
	if _, err := parent.WriteString("later"); err != nil {
		t.Error(err)
	}
	parent.Close()
	if all := <-got; !bytes.Equal(all, []byte("later")) {
		t.Errorf("%q", all)
	}
	if !Readable(child) {
		t.Error("not readable at the end")
	}
	for _, read := range []func(int, []byte) (int, error){Read, RecvNow} {
		if n, err := read(child, buf); n != 0 || err != nil {
			t.Errorf("at the end: %d, %v", n, err)
		}
	}
	file.Close()
}

// Errors come with a count that can be sliced by.
func TestBadDescriptors(t *testing.T) {
	t.Parallel()
	buf := make([]byte, 1)
	for _, read := range []func(int, []byte) (int, error){Read, RecvNow} {
		if n, err := read(-1, buf); n != 0 || !errors.Is(err, unix.EBADF) {
			t.Errorf("%d, %v", n, err)
		}
	}
	null, err := OpenNull()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := RecvNow(null, buf); n != 0 || !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("RecvNow of the null device = %d, %v", n, err)
	}
	if n, err := Read(null, buf); n != 0 || err != nil {
		t.Errorf("Read of the null device = %d, %v", n, err)
	}
	if _, err := unix.Write(null, buf); err != nil || flags(t, null, unix.F_GETFD) != unix.FD_CLOEXEC || !IsOpen(null) {
		t.Errorf("the null device: %v", err)
	}
	if _, err := SocketID(null); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("SocketID of the null device: %v", err)
	}
	if _, _, err := Peer(null); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("Peer of the null device: %v", err)
	}
	if err := Close(null); err != nil {
		t.Error(err)
	}
	const none = 1 << 24 // more than there can be
	if IsOpen(none) || IsOpen(-1) {
		t.Error("open, says IsOpen")
	}
	CloseOnExec(none) // has nothing to say
	if f, err := Pollable(none, ""); f != nil || !errors.Is(err, unix.EBADF) {
		t.Errorf("Pollable = %v, %v", f, err)
	}
	if err := Close(none); !errors.Is(err, unix.EBADF) {
		t.Errorf("Close = %v", err)
	}
	if _, err := SocketID(none); !errors.Is(err, unix.EBADF) {
		t.Errorf("SocketID = %v", err)
	}
	if _, _, err := Peer(none); !errors.Is(err, unix.EBADF) {
		t.Errorf("Peer = %v", err)
	}
}

func TestSocketIDTellsEndsApart(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for range 10 {
		parent, child := socketPair(t)
		other, err := unix.FcntlInt(uintptr(child), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		conn, _ := parent.SyscallConn()
		var ids [3]uint64
		var errs [3]error
		_ = conn.Control(func(fd uintptr) { ids[0], errs[0] = SocketID(int(fd)) })
		ids[1], errs[1] = SocketID(child)
		ids[2], errs[2] = SocketID(other)
		Close(other)
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		if ids[1] != ids[2] {
			t.Errorf("a duplicate has the id %x, rather than %x", ids[2], ids[1])
		}
		if seen[ids[0]] || seen[ids[1]] || ids[0] == ids[1] || ids[0] == 0 || ids[1] == 0 {
			t.Errorf("ids %x do not tell ends apart", ids)
		}
		seen[ids[0]], seen[ids[1]] = true, true
	}
}

func TestPeerIsWhoMadeThePair(t *testing.T) {
	t.Parallel()
	_, child := socketPair(t)
	if pid, uid, err := Peer(child); pid != os.Getpid() || uid != Getuid() || err != nil {
		t.Errorf("Peer = %d, %d, %v", pid, uid, err)
	}
}
