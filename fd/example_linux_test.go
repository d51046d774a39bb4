package fd_test

import (
	"fmt"
	"os"
	"syscall"

	"multiproc/fd"
)

// What is open now is to stay; what came with the process is to go.
func ExampleCloseAllExcept() {
	keep, err := fd.List()
	if err != nil {
		fmt.Println(err)
		return
	}
	inherited, err := syscall.Open(os.DevNull, syscall.O_RDWR, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fd.CloseAllExcept(keep...))
	fmt.Println(syscall.Fstat(inherited, new(syscall.Stat_t)))
	// Output:
	// <nil>
	// bad file descriptor
}
