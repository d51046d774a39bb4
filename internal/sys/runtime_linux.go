package sys

import (
	"errors"
	"os"
	"path"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	_ "unsafe" // for go:linkname
)

// isPoller reports whether fd is the runtime's epoll or eventfd.
//
//go:linkname isPoller internal/poll.runtime_isPollServerDescriptor
func isPoller(fd uintptr) bool

// setCrashFD exchanges the descriptor of debug.SetCrashOutput, ^0 for none.
//
//go:linkname setCrashFD runtime.setCrashFD
func setCrashFD(fd uintptr) uintptr

const noFD = ^uintptr(0)

// hasPoller reports whether the runtime has opened the two: before that, it
// says that they are -1 and 0.
func hasPoller() bool { return !isPoller(noFD) }

// poller makes the runtime open its epoll and eventfd, and returns them.
func poller() ([]int, error) {
	if hasPoller() {
		return pollerFDs(), nil
	}
	r, w, err := os.Pipe()
	if errors.Is(err, unix.EMFILE) {
		restore, rerr := RaiseFileLimit()
		if rerr != nil {
			return nil, rerr
		}
		defer restore()
		r, w, err = os.Pipe()
	}
	if err != nil {
		return nil, err
	}
	r.Close()
	w.Close()
	return pollerFDs(), nil
}

// pollerFDs finds them by asking for each number, which takes a nanosecond; they
// stay the same for the life of the process.
var pollerFDs = sync.OnceValue(func() (fds []int) {
	for fd := 0; len(fds) < 2 && fd < MaxFD; fd++ {
		if isPoller(uintptr(fd)) {
			fds = append(fds, fd)
		}
	}
	return fds
})

// A RuntimeTable knows which descriptors the Go runtime has.
type RuntimeTable struct {
	poller bool
	crash  int // of debug.SetCrashOutput, or -1
}

// NewRuntimeTable asks the runtime what it has now.
func NewRuntimeTable() RuntimeTable {
	return RuntimeTable{hasPoller(), crashFD()}
}

// Has reports whether a close-on-exec descriptor is one of the runtime's: its
// poller, its crash output, or a file by which it follows the CPU limit of its
// cgroup. Of the latter there is no list; such a file that the program has
// opened itself is taken for one.
func (t RuntimeTable) Has(fd int) bool {
	return t.poller && isPoller(uintptr(fd)) || fd == t.crash || isCgroupCPU(fd)
}

// crashFD returns the descriptor that debug.SetCrashOutput made. The runtime
// only tells it in exchange for another: for that moment there is none.
func crashFD() int {
	fd := setCrashFD(noFD)
	if fd == noFD {
		return -1
	}
	if set := setCrashFD(fd); set != noFD { // SetCrashOutput was called meanwhile
		if old := setCrashFD(set); old != noFD {
			_ = unix.Close(int(old))
		}
		fd = set
	}
	return int(fd)
}

// isCgroupCPU reports whether fd is one of the files that the runtime opens
// before it runs anything else, see runtime/cgroup_linux.go.
func isCgroupCPU(fd int) bool {
	var stat unix.Statfs_t
	if unix.Fstatfs(fd, &stat) != nil {
		return false
	}
	if kind := int64(stat.Type); kind != unix.CGROUP2_SUPER_MAGIC && kind != unix.CGROUP_SUPER_MAGIC { //nolint:unconvert // 32 bits on some
		return false
	}
	target, _ := os.Readlink(processTable + "/" + strconv.Itoa(fd))
	switch path.Base(target) {
	case "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us":
		return true
	}
	return false
}
