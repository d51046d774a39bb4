package sys

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// ErrNoPrivateTable says that a thread can't have a descriptor table of its own.
var ErrNoPrivateTable = errors.New("no descriptor table for a thread alone")

// OnPrivateTable calls f on a thread with a descriptor table of its own, in
// which 0, 1, 2, those of keep that are open and the runtime's poller have
// their numbers and nothing else is open. The thread ends after that.
//
// f must not wait for another goroutine, and os.File is not for it: the number
// of a file that the collector closes is one of the shared table.
func OnPrivateTable(keep []int, f func() error) error {
	// The scheduler wakes the poller from any thread, and throws if it can't.
	poller, err := poller()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPrivateTable, err)
	}
	keep = slices.Concat([]int{0, 1, 2}, poller, keep)
	slices.Sort(keep)
	done, ack := make(chan error), make(chan struct{})
	go onThrownAwayThread(func() {
		err := unshareTable(keep)
		if err == nil {
			err = f()
			// So that what is closed in the shared table from now on is closed.
			for _, fd := range keep {
				if !slices.Contains(poller, fd) {
					_ = unix.Close(fd)
				}
			}
		}
		done <- err
		// The end of a thread takes half a millisecond, on which the caller
		// would wait if it were woken by it.
		<-ack
	})
	err = <-done
	close(ack)
	return err
}

// onThrownAwayThread calls f on a thread that ends with this goroutine. The
// main thread can't: it would be parked with the private table for ever.
func onThrownAwayThread(f func()) {
	runtime.LockOSThread() // also keeps the runtime from cloning new threads from this one
	if unix.Gettid() != os.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() { // on another thread, while this one is taken
		defer close(done)
		onThrownAwayThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

// unshareTable gives the calling thread a table with nothing in it but keep,
// which ascends.
func unshareTable(keep []int) error {
	last := keep[len(keep)-1]
	// What is above is not even copied.
	err := closeRange(last+1, MaxFD, unix.CLOSE_RANGE_UNSHARE)
	if err != nil {
		if uerr := unix.Unshare(unix.CLONE_FILES); uerr != nil {
			return fmt.Errorf("%w: %w, %w", ErrNoPrivateTable, err, os.NewSyscallError("unshare", uerr))
		}
		return closeByList(keep)
	}
	for i, fd := range keep[1:] {
		if first := keep[i] + 1; first < fd {
			if err := CloseRange(first, fd-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func closeByList(keep []int) error {
	list, _, err := listTable(threadTable, MaxFD, true)
	for fd, tries := 3, 1<<20; errors.Is(err, unix.EMFILE) && fd < tries; fd++ { // make room
		if _, kept := slices.BinarySearch(keep, fd); !kept && unix.Close(fd) == nil {
			list, _, err = listTable(threadTable, MaxFD, true)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPrivateTable, err)
	}
	for _, fd := range list {
		if _, kept := slices.BinarySearch(keep, fd); !kept {
			_ = unix.Close(fd)
		}
	}
	return nil
}
