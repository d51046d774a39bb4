package line

import "time"

// An outbox collects outcomes to be sent together.
type outbox struct {
	s      stream
	page   *page
	bulk   bulk
	filled int
	armed  bool
	timer  *time.Timer
}

// buffer returns a place for the next result.
func (o *outbox) buffer() []byte { return o.bulk.buffer(o.page.words[wordTaken].Load()) }

// put takes an outcome, or sends it if it is larger than the page.
func (o *outbox) put(number uint64, kind Kind, payload []byte) error {
	if where, ok := o.bulk.place(payload, number, o.page.words[wordTaken].Load()); ok {
		kind, payload = kind|inBulk, where
	}
	size := frameHead + len(payload)
	if size > len(o.page.outbox)-o.filled {
		if err := o.flush(); err != nil {
			return err
		}
	}
	if size > len(o.page.outbox) {
		return o.direct(kind, payload)
	}
	if o.filled == 0 {
		o.page.words[wordFirst].Store(number)
	}
	b := appendHead(o.page.outbox[o.filled:o.filled], byte(kind), len(payload))
	_ = append(b, payload...)
	o.filled += size
	o.page.words[wordFilled].Store(uint64(o.filled)) // it is safe now, whatever happens
	return nil
}

func (o *outbox) direct(kind Kind, payload []byte) error {
	const small = 16 << 10 // worth a copy
	if len(payload) <= small {
		return o.s.write(append(appendHead(make([]byte, 0, frameHead+len(payload)), byte(kind), len(payload)), payload...))
	}
	if err := o.s.write(appendHead(nil, byte(kind), len(payload))); err != nil {
		return err
	}
	return o.s.write(payload)
}

// flush sends what is in the page, and only then empties it.
func (o *outbox) flush() error {
	if o.filled == 0 {
		return nil
	}
	err := o.s.write(o.page.outbox[:o.filled])
	if err == nil {
		o.filled = 0
		o.page.words[wordFilled].Store(0)
	}
	return err
}

func (o *outbox) arm(flush func()) {
	switch {
	case o.armed:
		return
	case o.timer == nil:
		o.timer = time.AfterFunc(late, flush)
	default:
		o.timer.Reset(late)
	}
	o.armed = true
}
