package crash

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/internal/sys"
)

// leave writes a slot as a child would.
func leave(t *testing.T, s *Slot, slot []byte) {
	t.Helper()
	if _, err := unix.Pwrite(s.FD(), slot, s.offset()); err != nil {
		t.Fatal(err)
	}
}

// crashed is a slot with this text.
func crashed(body string) []byte { return slotOf(uint64(len(body)), 1, 0, body) }

func TestSlotsAreTakenAndReused(t *testing.T) {
	t.Parallel()
	a := NewArea()
	defer a.Close()
	const many = 300 // the area grows more than once
	slots := make([]*Slot, many)
	for i := range slots {
		if slots[i] = a.Take(); slots[i].Index() != i || slots[i].FD() != slots[0].FD() {
			t.Fatalf("slot %d has index %d, descriptor %d", i, slots[i].Index(), slots[i].FD())
		}
		leave(t, slots[i], crashed(strings.Repeat("x", i+1)))
	}
	for i, s := range slots {
		if got := s.Text(); len(got) != i+1 {
			t.Errorf("slot %d: %d bytes of text, want %d", i, len(got), i+1)
		}
	}
	free := map[int]bool{}
	for i := 0; i < many; i += 3 {
		slots[i].Release()
		free[i] = true
	}
	for range len(free) {
		s := a.Take()
		if !free[s.Index()] {
			t.Errorf("slot %d was not free", s.Index())
		}
		delete(free, s.Index())
		if got := s.Text(); got != "" || s.used() {
			t.Errorf("slot %d comes with the text %q of another child", s.Index(), got)
		}
		slots[s.Index()] = s
	}
	if s := a.Take(); s.Index() != many {
		t.Errorf("with none free slot %d was taken, want %d", s.Index(), many)
	} else {
		slots = append(slots, s)
	}
	for _, s := range slots {
		s.Release()
	}
}

// blocks is how much memory an area holds, in bytes.
func blocks(t *testing.T, a *Area) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(a.fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

func TestSlotsCostNothingUnlessWritten(t *testing.T) {
	t.Parallel()
	a := NewArea()
	defer a.Close()
	s, other := a.Take(), a.Take()
	if s.Text() != "" || blocks(t, a) != 0 {
		t.Errorf("an unused area holds %d bytes", blocks(t, a))
	}
	leave(t, s, crashed(strings.Repeat("x", ringSize)))
	if blocks(t, a) < slotSize {
		t.Errorf("a used slot holds %d bytes", blocks(t, a))
	}
	s.Release()
	if got := blocks(t, a); got != 0 {
		t.Errorf("after the release it holds %d bytes", got)
	}
	other.Release()
}

func TestCloseWaitsForTheLastSlot(t *testing.T) {
	t.Parallel()
	a := NewArea()
	s := a.Take()
	fd := s.FD()
	leave(t, s, crashed("text"))
	a.Close()
	if got := s.Text(); got != "text" || s.FD() != fd {
		t.Errorf("text %q, descriptor %d: closed under a child", got, s.FD())
	}
	s.Release()
	a.Close()
	if a.fd != -1 {
		t.Error("the area is still open")
	}
	s = a.Take() // it begins anew
	if s.Index() != 0 || s.Text() != "" || !sys.IsOpen(s.FD()) {
		t.Errorf("after Close: slot %d, text %q", s.Index(), s.Text())
	}
	s.Release()
	a.Close()
}

// What a child can do to its own memory harms nobody.
func TestHostileChild(t *testing.T) {
	t.Parallel()
	a := NewArea()
	defer a.Close()
	s := a.Take()
	for _, h := range hostile {
		slot := slotOf(h.written, h.marked, 0, "text")
		leave(t, s, slot)
		if got, want := s.Text(), text(slot); got != want {
			t.Errorf("written %d, marked %d: %.100q, want %.100q", h.written, h.marked, got, want)
		}
	}
	for _, size := range []int64{slotSize - 1, header, header - 1, 0} {
		leave(t, s, crashed("text"))
		if err := sys.Truncate(s.FD(), size); !errors.Is(err, unix.EPERM) {
			t.Errorf("to cut a slot to %d bytes: %v", size, err)
		}
		if got := s.Text(); got != "text" {
			t.Errorf("after that the text is %q", got)
		}
	}
	s.Release()
}

func TestConcurrentSlots(t *testing.T) {
	t.Parallel()
	a := NewArea()
	defer a.Close()
	var group sync.WaitGroup
	for id := range 8 {
		group.Go(func() {
			mine := strings.Repeat(string(rune('a'+id)), 100)
			for range 50 {
				s := a.Take()
				if got := s.Text(); got != "" {
					t.Errorf("slot %d comes with %q", s.Index(), got)
				}
				leave(t, s, crashed(mine))
				a.Close() // in use: nothing happens
				if got := s.Text(); got != mine {
					t.Errorf("slot %d holds %q, want %q", s.Index(), got, mine)
				}
				s.Release()
			}
		})
	}
	group.Wait()
}
