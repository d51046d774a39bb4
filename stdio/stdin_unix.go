//go:build unix

package stdio

import (
	"errors"
	"fmt"
	"os"

	"multiproc/internal/sys"
)

// stdin is what was os.Stdin first: the owner of descriptor 0, as long as it is
// open.
var stdin = os.Stdin

// CloseStdin makes descriptor 0 itself the null device [_close_stdin]: reads of
// os.Stdin meet the end of the input, and what the process starts inherits a
// standard input that is empty. What the old one holds stays there for
// whoever shares it. os.Stdin is not assigned, so nobody races with readers of
// the variable; a descriptor 0 that is closed becomes the null device too. It
// may be called at any time, by several goroutines, and again.
//
// A goroutine that is blocked in os.Stdin.Read stays there, holding other reads
// off, until the old input has something for it; that it still gets.
//
// After os.Stdin.Close the number 0 may have become some other file. That is
// left alone: CloseStdin then fails, and so it does if the null device can't be
// opened. See dup(2).
func CloseStdin() error {
	conn, err := stdin.SyscallConn()
	if err != nil {
		return fmt.Errorf("stdio: close stdin: %w", err)
	}
	var failed error
	// Within Control nobody can close it, and give 0 to another file.
	err = conn.Control(func(uintptr) { failed = sys.NullStdin() })
	if err != nil { // os.Stdin was closed; the error is one of internal/poll's
		failed = adoptZero()
	}
	if failed != nil {
		return fmt.Errorf("stdio: close stdin: %w", failed)
	}
	return nil
}

// errTaken says whose fault it is.
var errTaken = errors.New("os.Stdin was closed, and descriptor 0 is another file now: call CloseStdin instead of os.Stdin.Close")

// adoptZero is for a 0 that os.Stdin has let go of.
func adoptZero() error {
	switch {
	case sys.IsNull(0):
		return nil
	case sys.IsOpen(0):
		return errTaken
	}
	return sys.NullStdin()
}
