package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// poll is to the nanosecond, where poll(2) counts milliseconds.
func poll(fd int, limit time.Duration) bool {
	timeout := unix.NsecToTimespec(int64(limit))
	n, _ := unix.Ppoll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, &timeout, nil)
	return n > 0
}
