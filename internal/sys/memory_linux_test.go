package sys

import (
	"errors"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestSharedMemory(t *testing.T) {
	t.Parallel()
	fd, err := SharedMemory("test")
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if flags(t, fd, unix.F_GETFD) != unix.FD_CLOEXEC {
		t.Error("it is inherited")
	}
	const page = 64 << 10
	if err := Truncate(fd, 2*page); err != nil {
		t.Fatal(err)
	}
	mem, err := Map(fd, page, page)
	if err != nil || len(mem) != page {
		t.Fatalf("%d bytes, %v", len(mem), err)
	}
	defer unix.Munmap(mem)
	copy(mem[10:], "text")
	buf := make([]byte, 4)
	if n, err := ReadAt(fd, buf, page+10); err != nil || string(buf[:n]) != "text" {
		t.Errorf("ReadAt = %q, %v", buf[:n], err)
	}
	if n, err := ReadAt(fd, buf, 2*page-1); err != nil || n != 1 {
		t.Errorf("ReadAt across the end = %d, %v", n, err)
	}
	if n, err := ReadAt(fd, buf, 2*page); err != nil || n != 0 {
		t.Errorf("ReadAt at the end = %d, %v", n, err)
	}
	if err := Discard(fd, page, page); err != nil {
		t.Error(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Blocks != 0 || st.Size != 2*page {
		t.Errorf("%d blocks of %d bytes after Discard, %v", st.Blocks, st.Size, err)
	}
	if mem[10] != 0 { // asked last, for it makes the memory come back
		t.Errorf("%q is left after Discard", mem[10:14])
	}
}

// Whoever has it can't take it away from the others.
func TestSharedMemoryIsSealed(t *testing.T) {
	t.Parallel()
	fd, err := SharedMemory("test")
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if err := errors.Join(Truncate(fd, 8192), Truncate(fd, 16384)); err != nil {
		t.Error(err)
	}
	for _, size := range []int64{16383, 4096, 0} {
		if err := Truncate(fd, size); !errors.Is(err, unix.EPERM) {
			t.Errorf("to shrink to %d: %v", size, err)
		}
	}
	for _, seal := range []int{unix.F_SEAL_GROW, unix.F_SEAL_WRITE} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seal); !errors.Is(err, unix.EPERM) {
			t.Errorf("to add seal %#x: %v", seal, err)
		}
	}
}

func TestSharedMemoryErrors(t *testing.T) {
	t.Parallel()
	r, _ := pipe(t)
	none := int(r.Fd()) // no memory, and not writable
	name := make([]byte, 300)
	for i := range name {
		name[i] = 'x'
	}
	fd, err := SharedMemory(string(name))
	if fd >= 0 {
		Close(fd)
	}
	_, mapErr := Map(none, 0, 1)
	n, readErr := ReadAt(none, make([]byte, 1), 0)
	for what, c := range map[string]struct{ got, want error }{
		"memfd_create": {err, unix.EINVAL},
		"ftruncate":    {Truncate(none, 1), unix.EINVAL},
		"fallocate":    {Discard(none, 0, 1), unix.EBADF},
		"mmap":         {mapErr, unix.EACCES},
		"pread":        {readErr, unix.ESPIPE},
	} {
		var call *os.SyscallError
		if !errors.Is(c.got, c.want) || what != "pread" && (!errors.As(c.got, &call) || call.Syscall != what) {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	if n > 0 {
		t.Errorf("pread: %d bytes", n)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	text := []byte("some text")
	if n := Write(w.Fd(), unsafe.Pointer(&text[0]), 4); n != 4 {
		t.Errorf("Write = %d", n)
	}
	buf := make([]byte, 100)
	if n, err := r.Read(buf); err != nil || string(buf[:n]) != "some" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if n := Write(1<<24, unsafe.Pointer(&text[0]), 4); n != -int32(unix.EBADF) {
		t.Errorf("Write to nothing = %d, want %d", n, -int32(unix.EBADF))
	}
}
