package stdio_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"syscall"

	"multiproc/stdio"
)

func ExampleFlushAtExit() {
	out := bufio.NewWriter(os.Stdout)
	remove := stdio.FlushAtExit(out)
	defer remove()

	fmt.Fprintln(out, "buffered")
	_ = stdio.Flush() // as the exit sequence of package multiproc does
	// Output: buffered
}

// A program that must not claim success when its output is lost asks itself.
func ExampleFlush() {
	pipe, closed, _ := os.Pipe()
	pipe.Close()
	defer closed.Close()
	out := bufio.NewWriter(closed)
	defer stdio.FlushAtExit(out)()

	fmt.Fprintln(out, "for nobody")
	err := stdio.Flush()
	fmt.Println("nobody reads:", errors.Is(err, syscall.EPIPE))
	// Output: nobody reads: true
}
