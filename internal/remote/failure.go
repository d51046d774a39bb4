package remote

import (
	"errors"
	"fmt"

	"multiproc/internal/codec"
)

// Kind says how a function failed.
type Kind uint8

// The kinds of failure.
const (
	Error    Kind = iota + 1 // it returned an error
	Panic                    // it panicked
	Goexit                   // it called runtime.Goexit
	Internal                 // it wasn't called, or its result can't cross: an error of the library
)

func (k Kind) String() string {
	switch k {
	case Error:
		return "error"
	case Panic:
		return "panic"
	case Goexit:
		return "goexit"
	case Internal:
		return "internal"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

const (
	// MaxText bounds the text of an error or a panic, and a stack: 1 MiB. What
	// is longer is cut, and says so.
	MaxText = 1 << 20

	maxString = 32 << 10 // of a path or another part of a node
	maxNodes  = 256      // that cross
	maxVisits = 4096     // of errors on the way to them
	maxDepth  = 128      // of wrapping
)

// A Failure is how a function failed.
type Failure struct {
	Kind  Kind
	Text  string // what Error returned, or what panic was called with
	Type  string // the Go type of the error or the panic's value
	Stack string // of the goroutine that panicked, else empty
	Nodes []Node // the parts of the error that cross as themselves
}

// FromError describes an error that a function returned. It is of kind
// [Error], for the caller to change if it was none of the function's.
func FromError(err error) Failure {
	w := walker{visits: maxVisits, nodes: maxNodes}
	return Failure{
		Kind:  Error,
		Text:  cut(textOf(err), MaxText),
		Type:  fmt.Sprintf("%T", err),
		Nodes: w.collect(nil, err, maxDepth),
	}
}

// FromPanic describes a panic with value, and the stack as debug.Stack wrote
// it in the deferred call that recovered.
func FromPanic(value any, stack []byte) Failure {
	return Failure{
		Kind:  Panic,
		Text:  cut(panicText(value), MaxText),
		Type:  fmt.Sprintf("%T", value),
		Stack: cut(string(stack), MaxText),
	}
}

// FromGoexit describes the end of the function's goroutine by runtime.Goexit.
func FromGoexit() Failure { return Failure{Kind: Goexit} }

// Encode returns f for Decode.
func (f Failure) Encode() []byte {
	data, err := codec.Marshal(f)
	if err != nil {
		// Depth and size are bounded for what this package makes, so this is a
		// Failure that somebody else filled: its words matter most.
		data, err = codec.Marshal(Failure{Kind: f.Kind, Text: cut(f.Text, MaxText), Type: cut(f.Type, maxString)})
	}
	if err != nil {
		panic(err) // a few bounded strings: there's nothing left that can fail
	}
	return data
}

var errMalformed = errors.New("remote: malformed failure")

// Decode reads what Encode wrote. It returns an error for anything else.
func Decode(data []byte) (Failure, error) {
	var f Failure
	if err := codec.Unmarshal(data, &f); err != nil {
		return Failure{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if f.Kind < Error || f.Kind > Internal {
		return Failure{}, fmt.Errorf("%w: %v", errMalformed, f.Kind)
	}
	if err := validate(f.Nodes, maxDepth+2); err != nil {
		return Failure{}, err
	}
	return f, nil
}

// Chain makes again what crossed, in the order of the child's tree.
func (f Failure) Chain() []error { return rebuild(f.Nodes) }
