package sys

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	roles["private tables"] = func() {
		// Timers and readers, so that the scheduler has reason to wake the
		// poller from whichever thread it has.
		stop := make(chan struct{})
		for range 4 {
			go func() {
				for tick := time.NewTicker(50 * time.Microsecond); ; <-tick.C {
					select {
					case <-stop:
						return
					default:
						time.AfterFunc(20*time.Microsecond, func() {})
					}
				}
			}()
		}
		for range 500 {
			err := OnPrivateTable(nil, func() error {
				if unix.Gettid() == os.Getpid() {
					return errors.New("on the main thread")
				}
				return nil
			})
			if err != nil {
				fmt.Println(err)
				break
			}
		}
		close(stop)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			threads, err := os.ReadDir("/proc/self/task")
			if err == nil && len(threads) < 40 {
				break
			}
			if time.Now().After(end) {
				fmt.Print(len(threads), " threads are left")
				break
			}
		}
	}
}

// bare returns a pipe that no os.File has.
func bare() (r, w int, err error) {
	var fds [2]int
	err = unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK)
	return fds[0], fds[1], err
}

func TestPrivateTableHasWhatIsKept(t *testing.T) {
	t.Parallel()
	r, w, err := bare()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(r)
	defer unix.Close(w)
	fds, err := poller()
	if err != nil || len(fds) != 2 {
		t.Fatal(fds, err)
	}
	want := append(fds, w)
	for n := range 3 {
		if IsOpen(n) {
			want = append(want, n)
		}
	}
	slices.Sort(want)
	var got []int
	err = OnPrivateTable([]int{w, w, 1 << 20}, func() (err error) {
		got, _, err = listTable(threadTable, MaxFD, true)
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if !IsOpen(r) || !IsOpen(w) {
		t.Error("the process has lost its own")
	}
	wanted := errors.New("f's")
	if err := OnPrivateTable(nil, func() error { return wanted }); !errors.Is(err, wanted) {
		t.Error(err)
	}
}

func init() {
	roles["private table is gone"] = func() {
		for range 200 {
			r, w, err := bare()
			if err == nil {
				err = OnPrivateTable([]int{w}, func() error { return nil })
			}
			unix.Close(w)
			n, rerr := unix.Read(r, make([]byte, 1))
			unix.Close(r)
			if err != nil || n != 0 || rerr != nil {
				fmt.Printf("%v; read %d, %v, want the end", err, n, rerr)
				return
			}
		}
	}
}

// What is closed after OnPrivateTable has returned is closed: no thread on its
// way out has it open. (In a process that nobody forks meanwhile.)
func TestPrivateTableIsGone(t *testing.T) {
	t.Parallel()
	if out := playRole(t, "private table is gone"); out != "" {
		t.Error(out)
	}
}

func TestPrivateTablesDisturbNobody(t *testing.T) {
	t.Parallel()
	if out := playRole(t, "private tables"); out != "" {
		t.Error(out)
	}
}

func TestReserve(t *testing.T) {
	t.Parallel()
	if got, want := playRole(t, "reserve"), "<nil> true false false closed false"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func init() {
	roles["reserve"] = func() { // where nobody else has left a reservation
		parent, child, err := Pair()
		var n int
		withNumber(parent, func(fd int) { n = fd })
		fmt.Print(err, " ", Reserved()[n], " ", Reserved()[child], " ")
		CloseReserved(parent)
		fmt.Print(Reserved()[n], " closed ")
		null, err := OpenNull() // it has the number now
		if err != nil || null != n {
			fmt.Print(null, err)
		}
		Reserve(null)
		CloseReserved(parent) // which is closed, so that it must not touch another's
		fmt.Print(!Reserved()[null] || !IsOpen(null))
		Close(child)
	}
}

func init() {
	roles["runtime's descriptors"] = func() {
		// A user's own epoll and eventfd, which look the same.
		epoll, err1 := unix.EpollCreate1(0)
		event, err2 := unix.Eventfd(0, unix.EFD_CLOEXEC)
		before := NewRuntimeTable()
		fmt.Print(err1, err2, before.Has(epoll), before.Has(event), before.Has(0), before.crash)
		fds, err := poller()
		after := NewRuntimeTable()
		fmt.Print(" ", len(fds), err, after.Has(fds[0]), after.Has(fds[1]), after.Has(epoll), after.Has(event))
	}
}

func TestRuntimeTable(t *testing.T) {
	t.Parallel()
	want := fmt.Sprint(nil, nil, false, false, false, -1) + " " + fmt.Sprint(2, nil, true, true, false, false)
	if got := playRole(t, "runtime's descriptors"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The names of a directory that are numbers, with all that comes beside them.
func TestAppendNumbers(t *testing.T) {
	t.Parallel()
	list, more, err := listTable("/proc/self/task", MaxFD, false)
	if err != nil || more || !slices.Contains(list, os.Getpid()) {
		t.Errorf("%v, %v, %v", list, more, err)
	}
	if _, _, err := listTable("/proc/self/none", MaxFD, false); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
}
