package track

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// cleanTime is how long the clean-up of one resource may take, until its
// context ends; cleanMargin is for what it does then.
const (
	cleanTime   = 10 * time.Second
	cleanMargin = time.Second
)

// A leftover is a resource whose last owner is gone.
type leftover struct {
	claim
	where string
}

// atOnce is how many clean-ups of one owner run at the same time. Each may take
// a thread and some descriptors.
const atOnce = 128

// cleanUp cleans up what is registered to an owner alone, many at once, and
// reports it. alive says that the owner does not die, but takes its leave.
func (s *Server) cleanUp(o *owner, alive bool) {
	crowd(s.inherit(o, alive), func(left leftover) { s.report(o, s.clean(o, left, alive)) })
}

// crowd calls do for each, many at once, and returns when all are done.
func crowd(list []leftover, do func(leftover)) {
	var done sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, left := range list {
		room <- struct{}{}
		done.Go(func() {
			defer func() { <-room }()
			do(left)
		})
	}
	done.Wait()
}

// noteCleaned notes what is cleaned up while the owner lives: a goroutine of it
// may have registered something and be about to make it.
func (o *owner) noteCleaned(list []leftover) {
	if len(list) > 0 && o.cleaned == nil {
		o.cleaned = map[claim]leftover{}
	}
	for _, left := range list {
		o.cleaned[left.claim] = left
	}
}

// cleanAgain cleans up what was cleaned up while the owner lived, unless
// somebody else has it by now.
func (s *Server) cleanAgain(o *owner) {
	var list []leftover
	s.mu.Lock()
	for key, left := range o.cleaned {
		if s.claims[key] == nil {
			list = append(list, left)
		}
	}
	s.mu.Unlock()
	crowd(list, func(left leftover) { s.clean(o, left, false) })
}

// inherit takes everything from an owner and returns what nobody else has, in
// no order.
func (s *Server) inherit(o *owner, alive bool) []leftover {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []leftover
	for key := range o.claims {
		if where := s.claims[key][o]; s.disownLocked(o, key) {
			list = append(list, leftover{key, where})
		}
	}
	if alive {
		o.noteCleaned(list)
	}
	return list
}

// clean runs the clean-up of one resource.
func (s *Server) clean(o *owner, left leftover, alive bool) Report {
	r := Report{Kind: left.kind, Owner: o.name, PID: o.pid, Where: left.where, Resource: fmt.Sprintf("%x", left.data)}
	kind, ok := s.env.kind(left.kind)
	if !ok {
		r.Problem = "this binary has no such kind"
		return r
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	if alive {
		ctx = context.WithValue(ctx, ownerLives{}, true)
	}
	described, result := make(chan string, 1), make(chan error, 1)
	go contained(result, func() error {
		described <- kind.Describe([]byte(left.data))
		return nil
	})
	select {
	case err := <-result: // the clean-up meets the same
		if err == nil {
			r.Resource = <-described
		}
	case <-s.env.after(cleanMargin):
	}
	result = make(chan error, 1)
	go contained(result, func() error { return kind.Clean(ctx, []byte(left.data)) })
	select {
	case err := <-result:
		if err != nil {
			r.Problem = err.Error()
		}
	case <-s.env.after(cleanTime + cleanMargin):
		r.Problem = fmt.Sprintf("it did not return within %v", cleanTime)
	}
	return r
}

type ownerLives struct{}

// OwnerLives reports whether a clean-up is for an owner that takes its leave,
// and still holds what the kernel takes from the dead.
func OwnerLives(ctx context.Context) bool { return ctx.Value(ownerLives{}) != nil }

// contained calls what the user wrote, and tells how it ended. A panic is its
// own affair.
func contained(result chan<- error, do func() error) {
	err := errors.New("it called runtime.Goexit")
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		result <- err
	}()
	err = do()
}

// report tells who has started the owner what it left behind, else the root of
// the tree; the owner itself, if it is still there to hear.
func (s *Server) report(o *owner, r Report) {
	s.mu.Lock()
	to := []*owner{o, o.parent, s.root}
	s.mu.Unlock()
	for _, p := range to {
		if p != nil && p.link.alive() {
			p.link.send(kindReport, r.encode())
			return
		}
	}
}

// A Kind is what the tracker must know of a kind of resource.
type Kind struct {
	Clean    func(ctx context.Context, data []byte) error
	Describe func(data []byte) string
}

// kinds are those of this binary, filled during package initialisation.
var kinds registry

type registry struct {
	mu sync.Mutex
	m  map[string]Kind
}

// NewKind adds a kind, and reports whether the name was free.
func NewKind(name string, k Kind) bool {
	kinds.mu.Lock()
	defer kinds.mu.Unlock()
	if _, dup := kinds.m[name]; dup {
		return false
	}
	if kinds.m == nil {
		kinds.m = map[string]Kind{}
	}
	kinds.m[name] = k
	return true
}

func (r *registry) find(name string) (Kind, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.m[name]
	return k, ok
}
