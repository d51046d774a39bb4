package sys

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CloseRange closes the descriptors from first to last: close_range(2), since
// Linux 5.9. What closing one of them says is lost.
func CloseRange(first, last int) error { return closeRange(first, last, 0) }

// CloexecRange sets close-on-exec for the descriptors from first to last,
// since Linux 5.11.
func CloexecRange(first, last int) error {
	return closeRange(first, last, unix.CLOSE_RANGE_CLOEXEC)
}

func closeRange(first, last int, flags uint) error {
	return os.NewSyscallError("close_range", unix.CloseRange(uint(first), uint(last), flags))
}

// Replace makes fd mean what source means; what it meant before is closed.
func Replace(fd, source int, cloexec bool) error {
	flags := 0
	if cloexec {
		flags = unix.O_CLOEXEC
	}
	for {
		err := unix.Dup3(source, fd, flags)
		if !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EINTR) { // EBUSY: another thread's open(2) is about to use fd
			return os.NewSyscallError("dup3", err)
		}
	}
}

// RaiseFileLimit raises the soft RLIMIT_NOFILE as far as it goes, until restore
// is called.
func RaiseFileLimit() (restore func(), err error) {
	soft, hard, err := FileLimit()
	if err != nil || soft == hard {
		return func() {}, err
	}
	if err := setFileLimit(hard, hard); err != nil {
		return nil, err
	}
	return func() { _ = setFileLimit(soft, hard) }, nil // it was in force before
}

// setFileLimit does not make the syscall package forget which limit programs
// that are started have to get, as syscall.Setrlimit does.
func setFileLimit(soft, hard uint64) error {
	limit := [2]uint64{soft, hard} // struct rlimit64
	_, _, errno := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("prlimit", errno)
	}
	return nil
}
