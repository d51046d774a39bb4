package pool

// A queue is a ring of items.
type queue struct {
	ring  []item // its length is a power of two, or zero
	first int
	count int
}

func (q *queue) len() int { return q.count }

func (q *queue) at(i int) *item { return &q.ring[(q.first+i)&(len(q.ring)-1)] }

func (q *queue) grow() {
	if q.count < len(q.ring) {
		return
	}
	ring := make([]item, max(16, 2*len(q.ring)))
	for i := range q.count {
		ring[i] = *q.at(i)
	}
	q.ring, q.first = ring, 0
}

func (q *queue) push(it item) {
	q.grow()
	*q.at(q.count) = it
	q.count++
}

// unpop puts an item before the first one.
func (q *queue) unpop(it item) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.ring[q.first] = it
	q.count++
}

// unpush takes the last item, and there must be one.
func (q *queue) unpush() item {
	q.count--
	p := q.at(q.count)
	it := *p
	*p = nil
	return it
}

// peek returns the first item, nil if there is none.
func (q *queue) peek() item {
	if q.count == 0 {
		return nil
	}
	return *q.at(0)
}

// pop takes the first item, nil if there is none, and keeps nothing of it.
func (q *queue) pop() item {
	if q.count == 0 {
		return nil
	}
	p := q.at(0)
	it := *p
	*p = nil
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.count--
	return it
}
