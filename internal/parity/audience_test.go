//go:build unix

package parity_test

import (
	"bytes"
	"os"
	"sync"
	"syscall"
)

// An audience takes in what the processes of a program write. When the main
// process says that it joins a child, it opens the gate of that name: nothing
// inside the program could tell a child that it is waited for.
type audience struct {
	text   bytes.Buffer // not embedded: io.Copy would find its ReadFrom and pass Write by
	joined string
	once   sync.Once
	opened sync.WaitGroup
}

func (a *audience) Write(p []byte) (int, error) {
	n, err := a.text.Write(p)
	if bytes.Contains(a.text.Bytes(), []byte(" event=join ")) || bytes.Contains(a.text.Bytes(), []byte("calling join()")) {
		a.once.Do(func() { a.opened.Go(func() { _ = release(a.joined) }) })
	}
	return n, err
}

// leave lets go of a gate that nobody held.
func (a *audience) leave() {
	if fd, err := syscall.Open(a.joined, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0); err == nil {
		defer syscall.Close(fd)
	}
	a.opened.Wait()
	_ = os.Remove(a.joined) // nobody may come later
}
