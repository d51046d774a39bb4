//go:build unix

package fd_test

import (
	"fmt"
	"os"
	"syscall"

	"multiproc/fd"
)

func ExampleSpawnPassing() {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	conn, err := w.SyscallConn()
	if err != nil {
		fmt.Println(err)
		return
	}
	var p *os.Process
	_ = conn.Control(func(n uintptr) { // Fd would make the pipe blocking
		script := fmt.Sprintf("echo hello >/dev/fd/%d", n)
		p, err = fd.SpawnPassing("/bin/sh", []string{"sh", "-c", script}, []int{int(n)})
	})
	w.Close() // the program has its own
	if err != nil {
		fmt.Println(err)
		return
	}
	var word string
	fmt.Fscan(r, &word)
	state, err := p.Wait()
	fmt.Println(word, state, err)
	// Output: hello exit status 0 <nil>
}

// The error of exec is the error of the call.
func ExampleSpawnPassing_failed() {
	_, err := fd.SpawnPassing("/no/such/program", []string{"program"}, nil)
	fmt.Println(err)
	// Output: fork/exec /no/such/program: no such file or directory
}

// Also the last one is closed, whatever becomes of the first.
func ExampleClose() {
	n, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fd.Close(1<<30, n))
	// Output: fd: close 1073741824: bad file descriptor
}

func ExampleList() {
	list, err := fd.List()
	fmt.Println(len(list) > 2, err)
	// Output: true <nil>
}

// A program that execs another one, which inherits the standard streams and
// the sockets that a service manager has given.
func ExampleCloexecAllExcept() {
	listeners := []int{3, 4}
	if err := fd.CloexecAllExcept(listeners...); err != nil {
		fmt.Println(err)
		return
	}
	err := syscall.Exec("/no/such/program", []string{"program"}, os.Environ())
	fmt.Println(err)
	// Output: no such file or directory
}

// A list is looked at before anything is closed.
func ExampleError() {
	err := fd.CloexecAllExcept(1, 2, -1)
	fmt.Println(err)
	// Output: fd: keep -1: no descriptor has a negative number
}
