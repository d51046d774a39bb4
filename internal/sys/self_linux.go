package sys

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Executable returns a path that execs the running binary itself, also after
// its file was replaced or deleted: see proc_pid_exe(5).
func Executable() (string, error) {
	const self = "/proc/self/exe"
	if err := unix.Access(self, unix.F_OK); err != nil {
		return "", fmt.Errorf("%w: %s is not there (is /proc mounted?): %w", ErrNoExecutable, self, err)
	}
	return self, nil
}

// SetName makes ps and top show name for this process: prctl(2), PR_SET_NAME,
// which keeps 15 bytes. It names the calling thread, and only the main thread
// names the process, so comm is written by path.
func SetName(name string) {
	b := append([]byte(name), 0)
	if unix.Gettid() == os.Getpid() {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&b[0])), 0, 0, 0)
		return
	}
	fd, err := unix.Open("/proc/self/comm", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil { // else it goes by another name
		_, _ = unix.Write(fd, b)
		_ = unix.Close(fd)
	}
}

// SignalSelf sends a signal to this process, which takes it before this returns,
// unless it is ignored: the calling thread does, as it runs and nothing is blocked
// in it. Of all threads the kernel would pick one that may not run for a while. See
// tgkill(2), and signal(7) on masks.
func SignalSelf(sig syscall.Signal) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set unix.Sigset_t
	bits := 8 * int(unsafe.Sizeof(set.Val[0]))
	set.Val[(int(sig)-1)/bits] = 1 << ((int(sig) - 1) % bits)
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil); err != nil {
		return os.NewSyscallError("rt_sigprocmask", err)
	}
	return os.NewSyscallError("tgkill", unix.Tgkill(os.Getpid(), unix.Gettid(), sig))
}

// Monotonic is a clock that all processes of this machine share and that
// nobody sets: CLOCK_MONOTONIC of clock_gettime(2).
func Monotonic() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

// SharedMemory returns an anonymous file for memory that processes share. It
// can grow but not shrink: those that have it mapped would get SIGBUS. See
// F_ADD_SEALS in fcntl(2).
func SharedMemory(name string) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	// And no more seals: whoever is given it could forbid growing, or writing.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

// Discard gives back the memory of a part of a SharedMemory, which reads as
// zeros from then on.
func Discard(fd int, offset, size int64) error {
	const mode = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE
	return os.NewSyscallError("fallocate", unix.Fallocate(fd, mode, offset, size))
}

// Write writes p in one system call, with nothing that a crashing process
// could not do: no lock, no allocation, no growing of the stack.
//
//go:nosplit
//go:norace
//go:nocheckptr
func Write(fd uintptr, p unsafe.Pointer, n int32) int32 {
	r, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(p), uintptr(n))
	if errno != 0 {
		return -int32(errno)
	}
	return int32(r)
}
