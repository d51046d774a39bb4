//go:build unix && !linux

package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Heredity tells what a process that is started now would inherit of this one,
// other than what a Spec says. Without /proc that is what can be asked for
// without changing it: not the umask.
type Heredity struct{}

// Read returns no umask, and the rest in a form that can be compared.
func (*Heredity) Read() (umask int, rest string, err error) {
	groups, err := unix.Getgroups()
	if err != nil {
		return -1, "", err
	}
	var root unix.Stat_t
	if err := unix.Stat("/", &root); err != nil {
		return -1, "", err
	}
	rest = fmt.Sprint(unix.Getuid(), unix.Geteuid(), unix.Getgid(), unix.Getegid(), groups, root.Dev, root.Ino)
	return -1, rest, nil
}

// Close does nothing.
func (*Heredity) Close() {}
