//go:build unix

package line

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// What has become of a task.
const (
	fateBegun = "begun"
	fateDone  = "done"
	fateBack  = "taken back"
)

// A stage is a line and its worker, moved step by step by one goroutine, and what
// has to become of the tasks.
type stage struct {
	*testing.T
	rng     *rand.Rand
	l       *Line
	w       *Worker
	read    uint64 // bytes that the worker has
	id      int
	flight  []string
	fates   map[string]string
	running string
}

// In whatever order the steps of both sides come, and wherever the worker dies:
// each task that was not taken back has its outcome, was running, or has not begun,
// in this order; and one that was taken back has not begun.
func TestStepsAndDeaths(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		l, w := pairOf(t, Settings{Run: echo})
		w.results.armed = true // no timer: nothing happens by itself here
		s := &stage{T: t, rng: rand.New(rand.NewPCG(seed, 1)), l: l, w: w, fates: map[string]string{}}
		for steps := s.rng.IntN(150); steps > 0 && !t.Failed(); steps-- {
			s.step()
		}
		s.die()
		l.Close()
		w.page.close()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func (s *stage) step() {
	switch s.rng.IntN(7) {
	case 0:
		for range 1 + s.rng.IntN(5) {
			s.put()
		}
	case 1:
		if err := s.l.Flush(); err != nil {
			s.Error(err)
		}
	case 2:
		s.recall()
	case 3:
		s.begin()
	case 4:
		s.finish()
	case 5:
		if err := s.w.results.flush(); err != nil {
			s.Error(err)
		}
	case 6:
		n, _ := s.l.t.recvNow(s.l.in.room())
		s.l.in.took(max(n, 0))
		for o, ok := s.l.Ready(); ok; o, ok = s.l.Ready() {
			s.outcome(o)
		}
	}
}

// padded is a task or a result of some size.
func (s *stage) padded(name string, sizes ...int) string {
	return name + strings.Repeat(" ", sizes[s.rng.IntN(len(sizes))])
}

func (s *stage) put() {
	s.id++
	name := fmt.Sprint("task ", s.id)
	s.flight = append(s.flight, name)
	s.l.Put(append(s.l.Buffer(), s.padded(name, 0, 0, 0, 20<<10, bulkFrom)...), time.Time{})
}

func (s *stage) recall() {
	for n := s.l.Recall(); n > 0; n-- {
		last := len(s.flight) - 1
		name := s.flight[last]
		s.flight = s.flight[:last]
		s.become(name, fateBack, "")
	}
}

// become notes what a task is now, which was something else before.
func (s *stage) become(name, fate, before string) {
	if s.fates[name] != before {
		s.Errorf("%s is %s, and was %q", name, fate, s.fates[name])
	}
	s.fates[name] = fate
}

// begin lets the worker read what there is, or begin the next task.
func (s *stage) begin() {
	if s.running != "" {
		return
	}
	_, payload, ok := s.w.in.next()
	if !ok {
		if unread := s.w.in.w - s.w.in.r; s.l.sent > s.read { // else it would wait
			if err := s.w.more(); err != nil {
				s.Error(err)
			}
			s.read += uint64(s.w.in.w - s.w.in.r - unread)
		}
		return
	}
	if len(payload) == 8 && payload[0] != 't' {
		payload, _ = s.w.args.at(payload)
	}
	name := strings.TrimRight(string(payload), " ")
	if s.w.begin(s.Context(), time.Time{}) != nil {
		s.become(name, fateBegun, "")
		s.running = name
		return
	}
	s.become(name, fateBack, fateBack)
	if err := s.w.finish(Skipped, nil); err != nil {
		s.Error(err)
	}
}

func (s *stage) finish() {
	if s.running == "" {
		return
	}
	result := append(s.w.results.buffer(), s.padded(s.running, 0, 0, 0, bulkFrom)...)
	if s.w.results.filled+len(result)+frameHead > len(s.w.page.outbox) {
		return // it may wait for the pool
	}
	s.become(s.running, fateDone, fateBegun)
	s.running = ""
	if err := s.w.finish(Result, result); err != nil {
		s.Error(err)
	}
}

func (s *stage) outcome(o Outcome) {
	name := strings.TrimRight(string(o.Payload), " ")
	if o.Kind != Result || len(s.flight) == 0 || s.flight[0] != name || s.fates[name] != fateDone {
		s.Fatalf("kind %d of %q, which is %s; in flight %q", o.Kind, name, s.fates[name], s.flight)
	}
	s.flight = s.flight[1:]
}

// die ends the worker, maybe in the middle of a flush.
func (s *stage) die() {
	if filled := s.w.results.filled; filled > 0 && s.rng.IntN(2) == 0 {
		_ = s.w.s.write(s.w.page.outbox[:s.rng.IntN(filled+1)])
	}
	for _, f := range s.w.s.(*descriptors).files[:2] { // as the kernel does
		f.Close()
	}
	s.l.Died()
	if s.rng.IntN(3) == 0 {
		s.recall()
	}
	for o, ok := s.l.Salvage(); ok; o, ok = s.l.Salvage() {
		s.outcome(o)
	}
	if s.l.Lost() != (s.running != "") {
		s.Errorf("lost %v, though %q runs", s.l.Lost(), s.running)
	}
	for i, name := range s.flight {
		if fate := s.fates[name]; fate != "" && (i > 0 || name != s.running) {
			s.Errorf("%s, number %d in flight, is %s", name, i, fate)
		}
	}
	if s.running != "" && (len(s.flight) == 0 || s.flight[0] != s.running) {
		s.Errorf("%s was running, and is not the first in flight", s.running)
	}
}
