package pool

// hands are the items that feeders have, in no order: each is done when the flow
// is cut, whatever its feeder is at.
type hands struct{ first item }

func (h *hands) add(it item) {
	s := it.slot()
	s.next = h.first
	if h.first != nil {
		h.first.slot().prev = it
	}
	h.first = it
}

// remove does nothing to an item that is not there.
func (h *hands) remove(it item) {
	s := it.slot()
	switch {
	case s.prev != nil:
		s.prev.slot().next = s.next
	case h.first == it:
		h.first = s.next
	default:
		return
	}
	if s.next != nil {
		s.next.slot().prev = s.prev
	}
	s.prev, s.next = nil, nil
}
