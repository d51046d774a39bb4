package pool

// inherit deals with what a dead worker has left: outcomes, one task that it may
// have been at, and others for somebody else.
func (fd *feeder) inherit() {
	f, w := fd.f, fd.w
	for o, ok := w.line.Salvage(); ok; o, ok = w.line.Salvage() {
		fd.judge(o)
	}
	closed := w.reason() == ErrClosed //nolint:errorlint // it is set as it is
	var back []item
	if it := fd.flight.peek(); it != nil && !closed {
		if err := fd.blame(it.slot()); err != nil {
			fd.end(fd.flight.pop(), err)
		} else if w.line.Lost() {
			f.pool.count.retried.Add(1)
		}
	}
	for it := fd.flight.pop(); it != nil; it = fd.flight.pop() {
		if closed {
			fd.end(it, ErrClosed)
		} else {
			back = append(back, it)
		}
	}
	fd.tell()
	f.giveBack(back)
}

// blame says what the first item that a dead worker has left failed with; nil if
// it is to be tried again.
func (fd *feeder) blame(s *slot) error {
	w := fd.w
	switch {
	case w.line.Lost():
		v := w.lost()
		if s.tries++; !v.again || s.tries > fd.f.pool.opts.Retries {
			return &TaskError{Tries: s.tries, Err: v.err}
		}
	case w.choked():
		if s.choked++; s.choked >= mostChoked {
			return &TaskError{Err: w.err}
		}
	}
	return nil
}
