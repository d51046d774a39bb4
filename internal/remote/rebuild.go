package remote

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// opaque is an error of which only text and what crosses below arrived.
type opaque struct {
	text  string
	below []error
}

func (o *opaque) Error() string   { return o.text }
func (o *opaque) Unwrap() []error { return o.below }

func rebuild(nodes []Node) []error {
	var errs []error
	for i := range nodes {
		if err := nodes[i].err(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// err makes the error again, nil if it is a sentinel unknown here.
func (n *Node) err() error {
	switch n.Kind {
	case nodeBuiltin, nodeRegistered:
		return registered.lookup(n)
	case nodeErrno:
		return syscall.Errno(n.Num)
	case nodePath:
		return &fs.PathError{Op: n.Op, Path: n.Path, Err: n.under()}
	case nodeLink:
		return &os.LinkError{Op: n.Op, Old: n.Path, New: n.New, Err: n.under()}
	case nodeSyscall:
		return &os.SyscallError{Syscall: n.Op, Err: n.under()}
	case nodeExec:
		return &exec.Error{Name: n.Op, Err: n.under()}
	}
	return &opaque{n.Text, rebuild(n.Under)}
}

// under is the Err of a structured error. Only a nil one is nil again: where
// the original has a sentinel that is unknown here, its text remains.
func (n *Node) under() error {
	if len(n.Under) == 0 {
		return nil
	}
	if err := n.Under[0].err(); err != nil {
		return err
	}
	return &opaque{text: n.Under[0].Text}
}
