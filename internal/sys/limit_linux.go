package sys

import (
	"bytes"
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// LimitData makes the kernel refuse this process, and what it starts, more than
// so many bytes of private memory in addition to what it has: RLIMIT_DATA of
// getrlimit(2), which since Linux 4.7 counts all of that.
func LimitData(more int64) error {
	pages, err := statm(os.Getpid(), 5)
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur = min(limit.Max, uint64(pages+more))
	limit.Max = limit.Cur // what runs here can't lift it
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_DATA, &limit))
}

// Resident is how many bytes of memory a process has, shared ones too.
func Resident(pid int) (int64, error) { return statm(pid, 1) }

var errStatm = errors.New("statm: unknown format")

// statm reads a field of proc_pid_statm(5), as bytes.
func statm(pid, field int) (int64, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data)
	if field >= len(fields) {
		return 0, errStatm
	}
	pages, err := strconv.ParseInt(string(fields[field]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}
