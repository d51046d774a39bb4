//go:build !linux

package crash

import "testing"

func TestNoSlotsHere(t *testing.T) {
	a := NewArea()
	defer a.Close()
	for range 2 {
		if s := a.Take(); s != nil {
			t.Errorf("Take = %+v, want nil", s)
		}
	}
	if err := Capture(-1, -1); err != nil {
		t.Error(err)
	}
}
