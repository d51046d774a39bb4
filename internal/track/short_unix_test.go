//go:build unix

package track

import (
	"os"
	"syscall"
	"testing"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// A descriptor comes with the first byte of its frame, and is there for it.
func TestDescriptorsByteByByte(t *testing.T) {
	t.Parallel()
	file, end, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	l := newLink(file)
	defer l.discard()
	defer l.close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sent := make(chan error, 1)
	go func() {
		defer func() { _ = sys.Close(end) }()
		defer w.Close()
		rights := []int{int(w.Fd())}
		for _, b := range wire.Append(nil, kindLine, make([]byte, 10)) {
			if _, err := sys.SendRights(end, []byte{b}, rights); err != nil {
				sent <- err
				return
			}
			rights = nil
		}
		sent <- nil
	}()
	frame, err := l.receive()
	fd := l.take()
	if serr := <-sent; frame.Kind != kindLine || fd < 0 || err != nil || serr != nil {
		t.Fatalf("%v, descriptor %d, %v, %v", frame, fd, err, serr)
	}
	if _, err := syscall.Write(fd, []byte("x")); err != nil {
		t.Error(err)
	}
	if err := sys.Close(fd); err != nil {
		t.Error(err)
	}
	if n, err := r.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
