//go:build unix

package sys

import (
	"io/fs"
	"syscall"
)

// Closed is a descriptor that ForkExec does not give.
const Closed = -1

// ForkExec starts a program in which descriptor i is files[i], or closed. What
// lies above has no say in it: it goes by its close-on-exec flag. The error is
// what os.StartProcess would say.
func ForkExec(path string, argv, env []string, files []int) (pid int, err error) {
	table := make([]uintptr, len(files))
	for i, fd := range files {
		table[i] = uintptr(fd)
	}
	pid, err = syscall.ForkExec(path, argv, &syscall.ProcAttr{Env: env, Files: table})
	if err != nil {
		return 0, &fs.PathError{Op: "fork/exec", Path: path, Err: err}
	}
	return pid, nil
}
