package sys

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// SelfPidfd opens a pidfd of this process: from within, there is no moment at
// which the number could be somebody else's.
func SelfPidfd() (int, error) {
	fd, err := unix.PidfdOpen(unix.Getpid(), 0)
	return fd, os.NewSyscallError("pidfd_open", err)
}

// StartTime returns when a process started, in clock ticks since boot: with
// its pid it names a process for good. See proc_pid_stat(5).
func StartTime(pid int) (uint64, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	const startAt = 19 // field 22; the name before it may hold spaces and brackets
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) <= startAt {
		return 0, errShortStat
	}
	return strconv.ParseUint(string(fields[startAt]), 10, 64)
}

// Wait waits until the process has ended, or Close was called.
func (f *Foreign) Wait() {
	if f.file == nil {
		f.watchNumber()
		return
	}
	pollFile(f.file, Readable)
}

// watchNumber looks from time to time: without a pidfd nothing tells.
func (f *Foreign) watchNumber() {
	const pause = 50 * time.Millisecond
	for known := f.start; !f.closed.Load(); {
		start, err := StartTime(f.pid)
		switch {
		case err != nil && !gone(err): // short of descriptors: nothing is known
		case err != nil || known != 0 && start != known || zombie(f.pid):
			return
		default:
			known = start
		}
		time.Sleep(pause) //nolint:forbidigo // see above
	}
}

// gone reports whether an error of reading in /proc/PID says that there is no
// such process.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// zombie reports whether a process has ended, but for somebody to wait for it.
func zombie(pid int) bool {
	state, err := State(pid)
	return state == 'Z' || state == 'X' || err != nil && gone(err)
}

// State returns what the first thread of a process is at, R, S, D, T, Z or others
// of proc_pid_stat(5).
func State(pid int) (byte, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	rest := data[bytes.LastIndexByte(data, ')')+1:]
	if len(rest) < 2 {
		return 0, errShortStat
	}
	return rest[1], nil
}

var errShortStat = errors.New("sys: /proc/PID/stat is too short")

// Signal sends sig to the process, or says ErrProcessDone.
func (f *Foreign) Signal(sig syscall.Signal) error {
	var err error
	if f.file == nil {
		if start, serr := StartTime(f.pid); serr != nil || start != f.start {
			return ErrProcessDone
		}
		err = unix.Kill(f.pid, sig)
	} else {
		conn, cerr := f.file.SyscallConn()
		if cerr != nil {
			return ErrProcessDone
		}
		if cerr := conn.Control(func(fd uintptr) { err = unix.PidfdSendSignal(int(fd), sig, nil, 0) }); cerr != nil {
			return ErrProcessDone
		}
	}
	if errors.Is(err, unix.ESRCH) {
		return ErrProcessDone
	}
	return err
}
