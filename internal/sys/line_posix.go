//go:build unix && !linux

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

func poll(fd int, limit time.Duration) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int((limit+time.Millisecond-1)/time.Millisecond))
	return n > 0
}
