package wire_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"

	"multiproc/internal/wire"
)

// A sink counts calls and fails after some bytes.
type sink struct {
	calls, room int
}

var errFull = errors.New("full")

func (s *sink) Write(p []byte) (int, error) {
	s.calls++
	if len(p) > s.room {
		n := s.room
		s.room = 0
		return n, errFull
	}
	s.room -= len(p)
	return len(p), nil
}

func TestSmallFrameIsOneWrite(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{0: 1, 100: 1, 64 << 10: 1, 64<<10 + 1: 2} {
		s := &sink{room: mib}
		if err := wire.NewWriter(s).Write(wire.Log, noise(size)); err != nil || s.calls != want {
			t.Errorf("%d bytes: %d writes, %v, want %d", size, s.calls, err, want)
		}
	}
}

func TestFailedWriteIsTold(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 10, 70 << 10} {
		for _, room := range []int{0, 3, 5, 5 + size - 1} {
			if room >= 5+size {
				continue
			}
			if err := wire.NewWriter(&sink{room: room}).Write(wire.Log, noise(size)); !errors.Is(err, errFull) {
				t.Errorf("%d bytes with room for %d: %v", size, room, err)
			}
		}
	}
}

// A hesitant stream lets others go first whenever it is written to; it has no
// lock, for a Writer must have one.
type hesitant struct{ bytes.Buffer }

func (h *hesitant) Write(p []byte) (int, error) {
	runtime.Gosched()
	n, err := h.Buffer.Write(p)
	runtime.Gosched()
	return n, err
}

// Frames of any size from many goroutines do not mix.
func TestConcurrentFramesStayWhole(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 20
	var stream hesitant
	w := wire.NewWriter(&stream)
	var group sync.WaitGroup
	for id := range writers {
		group.Go(func() {
			for i := range each {
				size := []int{1, 300, 70 << 10}[(id+i)%3]
				if err := w.Write(wire.Kind(id), bytes.Repeat([]byte{byte(id)}, size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	count := 0
	for ; ; count++ {
		f, err := wire.ReadFrame(&stream, 100<<10)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.Trim(f.Payload, string([]byte{byte(f.Kind)}))) > 0 {
			t.Errorf("a frame of writer %d has bytes of others", f.Kind)
		}
	}
	if count != writers*each {
		t.Errorf("%d frames came, want %d", count, writers*each)
	}
}
