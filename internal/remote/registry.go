package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"reflect"
	"sync"
)

// builtin are the sentinels that cross without being asked, by their place
// here.
var builtin = []error{
	context.Canceled, context.DeadlineExceeded,
	errors.ErrUnsupported,
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortWrite, io.ErrShortBuffer, io.ErrNoProgress,
	fs.ErrInvalid, fs.ErrPermission, fs.ErrExist, fs.ErrNotExist, fs.ErrClosed, fs.SkipDir, fs.SkipAll,
	os.ErrDeadlineExceeded, os.ErrNoDeadline, os.ErrProcessDone,
	exec.ErrNotFound, exec.ErrDot, exec.ErrWaitDelay,
}

// registry knows the sentinels of a program by the order in which they were
// registered, which is the same in all processes of one binary.
type registry struct {
	mu    sync.RWMutex
	list  []error
	texts []string // of list
	index map[error]int
}

var registered registry

// RegisterErrors makes sentinels cross as themselves. It is meant for package
// initialisation: what only one of two processes registers crosses as its text.
// It panics for nil, for an error registered already, for one that crosses
// anyway, and for one that == can't compare, which errors.Is would never find.
func RegisterErrors(sentinels ...error) { registered.add(sentinels) }

func (r *registry) add(sentinels []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range sentinels {
		switch {
		case err == nil:
			panic("multiproc: RegisterErrors(nil)")
		case !reflect.ValueOf(err).Comparable():
			panic(fmt.Sprintf("multiproc: RegisterErrors: a %T can't be compared", err))
		}
		_, twice := r.index[err]
		if _, known := builtinIndex()[err]; twice || known {
			panic(fmt.Sprintf("multiproc: RegisterErrors: %q crosses already", textOf(err)))
		}
		if r.index == nil {
			r.index = make(map[error]int)
		}
		r.index[err] = len(r.list)
		r.list = append(r.list, err)
		r.texts = append(r.texts, cut(textOf(err), maxString))
	}
}

// builtinIndex is made at the first failure, not in every child's start.
var builtinIndex = sync.OnceValue(func() map[error]int {
	index := make(map[error]int, len(builtin))
	for i, err := range builtin {
		index[err] = i
	}
	return index
})

// sentinel returns the node of err if it is one.
func (r *registry) sentinel(err error) (Node, bool) {
	if !reflect.ValueOf(err).Comparable() {
		return Node{}, false
	}
	if i, ok := builtinIndex()[err]; ok {
		return Node{Kind: nodeBuiltin, Num: uint64(i), Text: textOf(err)}, true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if i, ok := r.index[err]; ok {
		return Node{Kind: nodeRegistered, Num: uint64(i), Text: r.texts[i]}, true
	}
	return Node{}, false
}

// lookup is the sentinel that n means here, nil if place and text disagree.
func (r *registry) lookup(n *Node) error {
	if n.Kind == nodeBuiltin {
		if n.Num < uint64(len(builtin)) && textOf(builtin[n.Num]) == n.Text {
			return builtin[n.Num]
		}
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if n.Num < uint64(len(r.list)) && r.texts[n.Num] == n.Text {
		return r.list[n.Num]
	}
	return nil
}
