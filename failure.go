package multiproc

import (
	"runtime"
	"sync"

	"multiproc/mplog"
)

// A failure is the end of a child that did not succeed and that nobody has
// asked for yet. It is logged when nobody can any more: when the Process is
// garbage, or this process exits. The nil failure is that of a process which is
// no child.
type failure struct {
	mu    sync.Mutex
	known bool // somebody has asked, or it was logged
	name  string
	pid   int
	err   error
}

// unasked are the failures that this process would have to log if it exited.
var unasked = struct {
	sync.Mutex
	set map[*failure]struct{}
}{set: make(map[*failure]struct{})}

// newFailure returns the failure-to-be of p.
func newFailure(p *Process) *failure {
	f := &failure{name: p.name, pid: p.pid}
	runtime.AddCleanup(p, func(f *failure) { go f.log() }, f) // a log handler may block
	return f
}

// happened notes how the child failed, nil if it did not.
func (f *failure) happened(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil || f.known {
		f.known = true
		return
	}
	f.err = err
	unasked.Lock()
	defer unasked.Unlock()
	unasked.set[f] = struct{}{}
}

// asked notes that somebody wants to know, and so there's nothing to log.
func (f *failure) asked() {
	if f != nil {
		_, _ = f.settle()
	}
}

func (f *failure) settle() (first bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first = !f.known
	f.known = true
	if f.err != nil {
		unasked.Lock()
		defer unasked.Unlock()
		delete(unasked.set, f)
	}
	return first, f.err
}

func (f *failure) log() {
	if first, err := f.settle(); first && err != nil {
		mplog.Warning("child failed, and nobody asked", mplog.EventKey, "child-failed",
			"child", f.name, "pid", f.pid, "error", err)
	}
}

// logUnasked logs what is left when this process exits.
func logUnasked() {
	unasked.Lock()
	var left []*failure
	for f := range unasked.set {
		left = append(left, f)
	}
	unasked.Unlock()
	for _, f := range left {
		f.log()
	}
}
