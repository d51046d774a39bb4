package sandbox

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Any is every argument.
const Any = -1

// Refuse makes a system call of this process fail, in all its threads, where
// its first argument is first: see seccomp(2).
func Refuse(call uint32, first int64, errno syscall.Errno) error {
	return RefuseWhere(call, 0, first, errno)
}

// RefuseWhere is Refuse for the argument with a number.
func RefuseWhere(call, arg uint32, value int64, errno syscall.Errno) error {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret    = unix.BPF_RET | unix.BPF_K
		number = 0  // offsets in struct seccomp_data
		args   = 16 // each of 8 bytes, the low half first on the machines that we have

		retAllow, retErrno = 0x7fff0000, 0x00050000
		setModeFilter      = 1
		allThreads         = 1
	)
	filter := []unix.SockFilter{
		{Code: load, K: number},
		{Code: equal, K: call, Jf: 3},
		{Code: load, K: args + 8*arg},
		{Code: equal, K: uint32(value), Jf: 1},
		{Code: ret, K: retErrno | uint32(errno)},
		{Code: ret, K: retAllow},
	}
	if value < 0 {
		filter[2], filter[3] = unix.SockFilter{Code: load, K: number}, unix.SockFilter{Code: equal, K: call, Jf: 1}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program))); e != 0 {
		return e
	}
	return nil
}
