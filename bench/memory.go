package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// share is the memory of a process in bytes, with its part of what it shares;
// see Pss in proc_pid_smaps(5). Only Linux tells.
func share(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, errors.Join(errors.ErrUnsupported, err)
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	kilo, _, _ := strings.Cut(rest, " kB")
	n, err := strconv.ParseInt(strings.TrimSpace(kilo), 10, 64)
	return n << 10, err
}
