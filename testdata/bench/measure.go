package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"multiproc"
)

// rawEcho sends what echo sends to a process that reads it all and writes it
// back.
func rawEcho(context.Context) error {
	childIn, in, err1 := os.Pipe()
	out, childOut, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	go func() {
		_, _ = in.Write(large) // a cut one is told by the child
		in.Close()
	}()
	got := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(out, make([]byte, size))
		got <- err
	}()
	err := bare("raw-echo", childIn, childOut)
	childIn.Close()
	childOut.Close()
	err = errors.Join(err, <-got)
	out.Close()
	return err
}

// rawTracker is the socket to a process that answers each byte with one.
var rawTracker = sync.OnceValues(func() (*os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	_ = syscall.SetNonblock(fds[0], true) // which a socket never refuses
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	defer theirs.Close()
	_, err = os.StartProcess("/proc/self/exe", []string{os.Args[0], "raw-tracker"}, &os.ProcAttr{Files: []*os.File{null, os.Stdout, os.Stderr, theirs}})
	return os.NewFile(uintptr(fds[0]), "ours"), err // it ends with this process
})

func answerRaw() {
	_ = syscall.SetNonblock(3, true) // into the poller, as the tracker's
	f := os.NewFile(3, "socket")
	for b := make([]byte, 1); ; {
		_, err := f.Read(b)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			return
		}
	}
}

// rawRegister is two messages there and back, as Register and Unregister are.
func rawRegister(context.Context) error {
	return errors.Join(rawPing(), rawPing())
}

// rawPing is a message there and back.
func rawPing() error {
	f, err := rawTracker()
	if err == nil {
		_, err = f.Write([]byte{1})
	}
	if err == nil {
		_, err = f.Read(make([]byte, 1))
	}
	return err
}

// children answers with what each of n children that wait costs this process:
// descriptors, threads, bytes of heap and stacks, bytes of resident memory.
func children(ctx context.Context, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before := usage()
	list := make([]*multiproc.Child[struct{}], n)
	for i := range list {
		var err error
		if list[i], err = waiting.With(multiproc.Options{Grace: time.Minute}).Start(ctx, struct{}{}); err != nil {
			return err
		}
	}
	after := usage()
	for i := range after {
		fmt.Print(float64(after[i]-before[i])/float64(n), " ")
	}
	fmt.Println()
	cancel()
	for _, c := range list {
		_ = c.Join(context.WithoutCancel(ctx)) // can't end before the child
	}
	return nil
}

func usage() (u [4]int) {
	for range 2 { // what finalizers let go of needs another round
		runtime.GC()
	}
	for i, dir := range []string{"/proc/self/fd", "/proc/self/task"} {
		entries, _ := os.ReadDir(dir)
		u[i] = len(entries)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	u[2] = int(mem.HeapAlloc + mem.StackInuse)
	status, _ := os.ReadFile("/proc/self/status")
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	_, _ = fmt.Sscan(rss, &u[3])
	u[3] <<= 10
	return u
}
