package remote

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

type nodeKind uint8

const (
	nodeOpaque     nodeKind = iota // an error of an unknown type, under one of a known type
	nodeBuiltin                    // a sentinel of the standard library
	nodeRegistered                 // a sentinel of RegisterErrors
	nodeErrno
	nodePath    // *fs.PathError
	nodeLink    // *os.LinkError
	nodeSyscall // *os.SyscallError
	nodeExec    // *exec.Error
	nodeKinds   // how many there are
)

// A Node is an error in the form in which it crosses.
type Node struct {
	Kind nodeKind
	Num  uint64 // of a sentinel its place, of an errno its number
	Text string // of what has no parts
	Op   string // the operation, system call or program
	Path string
	New  string // the second path of a LinkError

	// Under is the Err of an error that has one, which may be opaque; of an
	// opaque error, what crosses out of its tree.
	Under []Node
}

// walker takes the parts that cross out of a tree of errors, within bounds
// that no sane tree meets.
type walker struct {
	visits int // left
	nodes  int // left
}

// collect appends what crosses of err's tree, in the order of errors.Is.
func (w *walker) collect(nodes []Node, err error, depth int) []Node {
	if err == nil || depth <= 0 || w.visits == 0 || w.nodes == 0 {
		return nodes
	}
	w.visits--
	if n, ok := w.node(err, depth); ok {
		return append(nodes, n)
	}
	for _, below := range unwrap(err) {
		nodes = w.collect(nodes, below, depth-1)
	}
	return nodes
}

// node returns the form of err itself, if it has one. A nil pointer has none.
func (w *walker) node(err error, depth int) (Node, bool) {
	if n, ok := registered.sentinel(err); ok {
		w.nodes--
		return n, true
	}
	var n Node
	var below error
	switch e := err.(type) { //nolint:errorlint // one link of the chain at a time
	case syscall.Errno:
		w.nodes--
		return Node{Kind: nodeErrno, Num: uint64(e)}, true
	case *fs.PathError:
		if e == nil {
			return n, false
		}
		n, below = Node{Kind: nodePath, Op: e.Op, Path: e.Path}, e.Err
	case *os.LinkError:
		if e == nil {
			return n, false
		}
		n, below = Node{Kind: nodeLink, Op: e.Op, Path: e.Old, New: e.New}, e.Err
	case *os.SyscallError:
		if e == nil {
			return n, false
		}
		n, below = Node{Kind: nodeSyscall, Op: e.Syscall}, e.Err
	case *exec.Error:
		if e == nil {
			return n, false
		}
		n, below = Node{Kind: nodeExec, Op: e.Name}, e.Err
	default:
		return n, false
	}
	w.nodes--
	n.Op, n.Path, n.New = cut(n.Op, maxString), cut(n.Path, maxString), cut(n.New, maxString)
	if below != nil {
		n.Under = []Node{w.part(below, depth-1)}
	}
	return n, true
}

// part is the form of an error that another one holds. There is always one.
func (w *walker) part(err error, depth int) Node {
	if depth > 0 && w.visits > 0 && w.nodes > 0 {
		w.visits--
		if n, ok := w.node(err, depth); ok {
			return n
		}
	}
	n := Node{Kind: nodeOpaque, Text: cut(textOf(err), maxString)}
	if w.visits > 0 {
		for _, below := range unwrap(err) {
			n.Under = w.collect(n.Under, below, depth-1)
		}
	}
	return n
}

// unwrap returns what err wraps; nothing if its method panics.
func unwrap(err error) (below []error) {
	defer func() {
		if recover() != nil {
			below = nil
		}
	}()
	switch e := err.(type) { //nolint:errorlint // this is what errors.Is does
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// validate refuses nodes that no walker makes.
func validate(nodes []Node, depth int) error {
	if depth < 0 {
		return fmt.Errorf("%w: too deep", errMalformed)
	}
	for i := range nodes {
		n := &nodes[i]
		if n.Kind >= nodeKinds || n.Kind >= nodePath && len(n.Under) > 1 {
			return fmt.Errorf("%w: node of kind %d with %d below", errMalformed, n.Kind, len(n.Under))
		}
		if err := validate(n.Under, depth-1); err != nil {
			return err
		}
	}
	return nil
}
