package crash

import "testing"

func TestNilSlotIsAChildWithout(t *testing.T) {
	t.Parallel()
	var s *Slot
	s.Release()
	if s.FD() != -1 || s.Index() != -1 || s.Text() != "" {
		t.Errorf("nil slot: descriptor %d, index %d, text %q", s.FD(), s.Index(), s.Text())
	}
}

func TestCloseOfAnEmptyArea(t *testing.T) {
	t.Parallel()
	a := NewArea()
	a.Close()
	a.Close()
	if a.fd != -1 {
		t.Errorf("descriptor %d", a.fd)
	}
}
