package sys

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	roles["no stdin"] = func() {
		_ = Close(0)
		dup, err := Duplicate(1)
		fmt.Print(dup > 2, err)
	}
	roles["strays"] = func() {
		_ = CloseInherited() // whatever the test's own caller left us
		var keep, stray []int
		for i := range 500 {
			null, err := OpenNull() // close-on-exec
			dup, derr := unix.FcntlInt(uintptr(null), unix.F_DUPFD, 100*(i%5))
			if err != nil || derr != nil {
				fmt.Print(err, derr)
				return
			}
			keep, stray = append(keep, null), append(stray, dup)
		}
		before, err1 := openDescriptors()
		err2 := CloseInherited()
		lost := slices.DeleteFunc(keep, IsOpen)
		left := slices.DeleteFunc(stray, func(fd int) bool { return !IsOpen(fd) })
		streams := IsOpen(0) && IsOpen(1) && IsOpen(2)
		again, err3 := openDescriptors()
		fmt.Print(err1, err2, err3, lost, left, streams, len(before)-len(again))
	}
}

// The number of a stream that the program has closed is not used for what is no
// stream.
func TestDuplicateWithoutStdin(t *testing.T) {
	t.Parallel()
	if got, want := playRole(t, "no stdin"), fmt.Sprint(true, nil); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCloseInherited(t *testing.T) {
	t.Parallel()
	if got, want := playRole(t, "strays"), fmt.Sprint(nil, nil, nil, []int{}, []int{}, true, 500); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	r, _ := pipe(t)
	conn, err := r.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Control(func(fd uintptr) {
		before := flags(t, int(fd), unix.F_GETFL)
		dup, err := Duplicate(int(fd))
		if err != nil {
			t.Error(err)
			return
		}
		defer Close(dup)
		if dup < 3 || flags(t, dup, unix.F_GETFD) != unix.FD_CLOEXEC || flags(t, dup, unix.F_GETFL) != before {
			t.Errorf("%d, flags %#x and %#x", dup, flags(t, dup, unix.F_GETFD), flags(t, dup, unix.F_GETFL))
		}
	})
	if _, err := Duplicate(-1); err == nil {
		t.Error("Duplicate(-1) did not fail")
	}
}
