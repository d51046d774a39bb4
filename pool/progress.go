package pool

import "time"

// Progress is how far a Map has come.
type Progress struct {
	Done    int           // items that have come out
	Failed  int           // of them those with an error
	Taken   int           // items that args has given so far
	Total   int           // items in all; -1 as long as args may have more
	Elapsed time.Duration // since the loop began
	Rate    float64       // Done per second
}

// progressEvery is the least time between two calls of Options.Progress.
const progressEvery = 100 * time.Millisecond

// A meter tells Options.Progress, which may be nil.
type meter struct {
	tell  func(Progress)
	flow  *flow
	start time.Time
	told  time.Time
	now   Progress
}

func newMeter(f *flow) *meter {
	return &meter{tell: f.pool.opts.Progress, flow: f, start: time.Now()}
}

// one counts an item.
func (m *meter) one(err error) {
	if m.tell == nil {
		return
	}
	m.now.Done++
	if err != nil {
		m.now.Failed++
	}
	if now := time.Now(); now.Sub(m.told) >= progressEvery {
		m.report(now)
	}
}

// last reports the end.
func (m *meter) last() {
	if m.tell != nil {
		m.report(time.Now())
	}
}

func (m *meter) report(now time.Time) {
	m.told = now
	p := m.now
	p.Taken, p.Total = m.flow.taken()
	p.Elapsed = now.Sub(m.start)
	if p.Elapsed > 0 {
		p.Rate = float64(p.Done) / p.Elapsed.Seconds()
	}
	m.tell(p)
}

// taken is how many items there were, and how many there will be.
func (f *flow) taken() (taken, total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.exhausted {
		return f.all, -1
	}
	return f.all, f.all
}
