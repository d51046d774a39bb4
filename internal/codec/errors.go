package codec

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// A TypeError says why values of a type cannot cross to another process.
type TypeError struct {
	Path   string       // where in the type it is: Args.Opts[].Log
	Type   reflect.Type // of what is there
	Reason string       // what would be lost or broken, and what to do instead
}

func (e *TypeError) Error() string {
	return "codec: " + e.Path + " (" + e.Type.String() + ") cannot cross to another process: " + e.Reason
}

// An Error says which part of a value could not be encoded or decoded.
type Error struct {
	Op   string // encode or decode
	Path string // where in the value it is: Args.Opts[3].Log; empty if there is no type yet
	Err  error  // what happened there
}

func (e *Error) Error() string {
	s := "codec: " + e.Op
	if e.Path != "" {
		s += " " + e.Path
	}
	return s + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// located is an error on its way up from where it happened. Each level adds
// its step, so that success pays nothing for paths.
type located struct {
	err   error
	steps []string // innermost first
}

func (l *located) Error() string { return l.err.Error() }

// at adds a step to the path of err.
func at(err error, step string) error {
	l, ok := err.(*located) //nolint:errorlint // never wrapped on its way
	if !ok {
		l = &located{err: err}
	}
	l.steps = append(l.steps, step)
	return l
}

// rooted ends the way of err through a value of type t.
func rooted(op string, t reflect.Type, err error) *Error {
	var l *located
	if !errors.As(err, &l) {
		return &Error{Op: op, Path: rootName(t), Err: err}
	}
	slices.Reverse(l.steps)
	return &Error{Op: op, Path: joinPath(t, l.steps), Err: l.err}
}

// joinPath writes a path for people: a list of a thousand links is told by its
// two ends.
func joinPath(root reflect.Type, steps []string) string {
	const head, tail = 12, 4
	if len(steps) > head+tail {
		short := append(slices.Clone(steps[:head]), "…")
		steps = append(short, steps[len(steps)-tail:]...)
	}
	return rootName(root) + strings.Join(steps, "")
}

// rootName is short where that is clear: Args for main.Args, but []main.Args.
func rootName(t reflect.Type) string {
	if name := t.Name(); name != "" && !strings.Contains(name, "[") {
		return name
	}
	return t.String()
}
