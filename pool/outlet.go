package pool

// next returns what can be passed on, in a slice that is good until it is called
// again; nothing at the end. passed is how many were since the last word of that,
// and step when the next one is due.
func (f *flow) next(batch []item, passed int) (_ []item, step int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passedLocked(passed)
	for {
		batch = batch[:0]
		for len(batch) < maxBatch {
			it := f.ready.pop()
			if f.ordered {
				if it = f.turn.peek(); it != nil && it.slot().done {
					f.turn.pop()
				} else {
					it = nil
				}
			}
			if it == nil {
				break
			}
			batch = append(batch, it)
		}
		if len(batch) > 0 {
			return batch, f.step
		}
		if f.open == 0 && (f.exhausted || f.halted != nil) {
			return nil, 0
		}
		f.come.Wait()
	}
}

// passed makes room for as many items as were passed on.
func (f *flow) passed(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passedLocked(n)
}

func (f *flow) passedLocked(n int) {
	if n > 0 {
		f.open -= n
		f.room.Signal()
	}
}
