package track

import (
	"context"
	"sync"
)

// An outlet tells reports one after the other, on a goroutine of its own: who
// is told may come back here to register something, or take his time, and the
// answers of the tracker must be heard meanwhile.
type outlet struct {
	mu    sync.Mutex
	queue []Report      // the first is being told
	empty chan struct{} // closed when all is told; nil before the first
}

func (o *outlet) put(r Report, tell func(Report)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.queue = append(o.queue, r); len(o.queue) == 1 {
		o.empty = make(chan struct{})
		go o.run(tell)
	}
}

func (o *outlet) run(tell func(Report)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() { close(o.empty) }()
	for len(o.queue) > 0 {
		r := o.queue[0]
		o.mu.Unlock()
		tell(r)
		o.mu.Lock()
		o.queue = o.queue[1:]
	}
}

// wait waits until all that was put is told.
func (o *outlet) wait(ctx context.Context) error {
	o.mu.Lock()
	empty := o.empty
	o.mu.Unlock()
	if empty == nil {
		return nil
	}
	select {
	case <-empty:
		return nil
	default:
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
