package fd_test

import (
	"fmt"

	"multiproc/fd"
)

// First thing in a program that is started with who knows what, before it
// opens anything.
func ExampleCloseAllExcept() {
	letGo := func() error { return fd.CloseAllExcept(0, 1, 2) }
	fmt.Println(letGo != nil) // a test has too much open to do it
	// Output: true
}
