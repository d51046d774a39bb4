//go:build unix

package fd

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"multiproc/internal/sys"
)

// SpawnPassing starts a program that gets 0, 1, 2 and the descriptors in pass,
// each under the number that it has here, and no others [spawnv_passfds]: also
// none that this process has inherited, or left open without close-on-exec. Of
// 0, 1 and 2, those that are closed here are the null device there.
//
// path is not searched for. argv[0] is the program's name for itself; the
// environment, the working directory and the process group are this process's.
// Duplicates in pass don't matter. The error of a number that is negative or not
// open is an [*Error], found before anything is started; that of a failed start
// is an [*fs.PathError] with the errno of exec, and leaves neither a process nor
// a descriptor behind. The caller waits for the process that is returned.
//
// What is passed stays open here, and its flags stay as they are, O_NONBLOCK
// included. The number that a file has may be asked for by [os.File.SyscallConn];
// the file must stay open, and reachable, until SpawnPassing has returned.
//
// It may be called at any time from any goroutine, beside os/exec too. What slips
// through is a descriptor without close-on-exec that another thread opens, or
// moves to a new number, between the moment when SpawnPassing looks and the
// start; nothing in Go's own library does that.
//
// The numbers decide how it is done: what it costs grows with the highest one
// that is passed or has to be kept back, up to 512. For higher ones, and where
// there are many descriptors or there is no /proc, Linux can give a thread a
// table of its own, for a tenth more than os/exec takes.
func SpawnPassing(path string, argv []string, pass []int) (*os.Process, error) {
	pass, err := numbers("pass", pass)
	if err != nil {
		return nil, err
	}
	for _, n := range pass {
		if !sys.IsOpen(n) {
			return nil, &Error{"pass", n, syscall.EBADF}
		}
	}
	pid, err := spawn(path, argv, pass)
	if err != nil {
		return nil, err
	}
	return os.FindProcess(pid) // it is our child, so that the pid can't be another's
}

func standardOpen() bool { return sys.IsOpen(0) && sys.IsOpen(1) && sys.IsOpen(2) }

// standardFiles returns what a program shall get as 0, 1 and 2.
func standardFiles() (files [3]int, done func(), err error) {
	files, done = [3]int{0, 1, 2}, func() {}
	if standardOpen() {
		return files, done, nil
	}
	var closed []int
	for n := range files {
		if !sys.IsOpen(n) {
			closed = append(closed, n)
		}
	}
	null, err := sys.OpenNull()
	if err != nil {
		return files, nil, fmt.Errorf("fd: %w", err)
	}
	for _, n := range closed {
		files[n] = null
	}
	return files, func() { _ = sys.Close(null) }, nil
}

// highest returns the highest number in pass, or in list of those that a program
// would inherit without being passed them.
func highest(list, pass []int) (int, error) {
	top := 2
	if len(pass) > 0 {
		top = max(top, pass[len(pass)-1])
	}
	for i := len(list) - 1; i >= 0 && list[i] > top; i-- {
		cloexec, err := sys.IsCloexec(list[i])
		switch {
		case errors.Is(err, syscall.EBADF): // closed meanwhile
		case err != nil:
			return 0, &Error{"pass", list[i], err}
		case !cloexec:
			return list[i], nil
		}
	}
	return top, nil
}

// sparse starts a program with a table up to top in which everything that is
// not passed is closed. That takes a system call for each number.
func sparse(path string, argv []string, pass []int, top int) (pid int, err error) {
	std, done, err := standardFiles()
	if err != nil {
		return 0, err
	}
	defer done()
	files := make([]int, top+1)
	copy(files, std[:])
	for n := 3; n <= top; n++ {
		files[n] = sys.Closed
	}
	for _, n := range pass {
		if n > 2 {
			files[n] = n
		}
	}
	return sys.ForkExec(path, argv, os.Environ(), files)
}
