package sys

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pipe returns the two ends of a pipe, non-blocking and close-on-exec.
func Pipe() (r, w int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return p[0], p[1], nil
}

// owner is struct f_owner_ex of fcntl(2).
type owner struct {
	kind int32
	pid  int32
}

const (
	ownerProcess = 1
	ownerGroup   = 2
)

// Arm opens the read end r of a pipe anew and has the kernel send SIGKILL when
// the last write end is closed: to the process group pid, or to the process
// alone. It needs nobody's cooperation, and the kernel keeps the process, not
// its number (F_SETSIG and F_SETOWN_EX of fcntl(2)).
//
// A process that dies closes its descriptors from the highest number down, so
// an armed end is of no use above the write end.
func Arm(r, pid int, group bool) (int, error) {
	path := "/proc/self/fd/" + strconv.Itoa(r)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	who := owner{ownerProcess, int32(pid)}
	if group {
		who.kind = ownerGroup
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
	if err == nil {
		err = who.fcntl(fd, unix.F_SETOWN_EX)
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

func (o *owner) fcntl(fd, command int) error {
	_, _, errno := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(o)))
	if errno != 0 {
		return errno
	}
	return nil
}

// SignalArmed sends sig to those whom fd was armed for, none if it is zero, and
// returns ErrProcessDone if nobody of them is left. That is what the kernel
// says of the process it keeps (since Linux 5.12), so that no other one which
// got the number is hit.
func SignalArmed(fd int, sig syscall.Signal) error {
	pid, group, err := armedFor(fd)
	if err != nil {
		return err
	}
	if group {
		pid = -pid
	}
	err = unix.Kill(pid, sig)
	if errors.Is(err, unix.ESRCH) {
		return ErrProcessDone
	}
	return os.NewSyscallError("kill", err)
}

// ArmedRuns reports whether any of those whom fd was armed for runs. A zombie
// that nobody waits for keeps its group, but there is nothing left to end.
func ArmedRuns(fd int) bool {
	pid, group, err := armedFor(fd)
	if err != nil {
		return false
	}
	if !group {
		return !zombie(pid)
	}
	runs, found := membersOf(pid)
	return runs || !found && SignalArmed(fd, 0) == nil
}

func armedFor(fd int) (pid int, group bool, err error) {
	var who owner
	if err := who.fcntl(fd, unix.F_GETOWN_EX); err != nil {
		return 0, false, os.NewSyscallError("fcntl", err)
	}
	if who.pid <= 0 {
		return 0, false, ErrProcessDone
	}
	return int(who.pid), who.kind == ownerGroup, nil
}

// DupAbove returns another number for an open file, close-on-exec and not below
// floor, or as near to it as the limit on descriptors allows.
func DupAbove(fd, floor int) (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && uint64(floor) >= limit.Cur {
		floor = int(limit.Cur) - 1
	}
	if floor <= fd { // the limit was lowered
		return -1, os.NewSyscallError("fcntl", unix.EMFILE)
	}
	higher, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, floor)
	return higher, os.NewSyscallError("fcntl", err)
}
