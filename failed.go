package multiproc

import (
	"multiproc/internal/remote"
)

// crossing marks an error of this module, as against one that a function
// returned.
type crossing struct{ error }

// failureFrom puts an error into the form in which it crosses.
func failureFrom(err error) remote.Failure {
	switch err := err.(type) { //nolint:errorlint // the marks are never wrapped
	case *panicked:
		return err.failure
	case *crossing:
		f := remote.FromError(err.error)
		f.Kind = remote.Internal
		return f
	}
	return remote.FromError(err)
}

// fromFailure makes of it what Result returns.
func fromFailure(f remote.Failure) error {
	switch f.Kind {
	case remote.Panic:
		return &PanicError{Value: f.Text, Stack: f.Stack}
	case remote.Goexit:
		return ErrGoexit
	case remote.Internal:
		return &libraryError{f.Text, f.Chain()}
	default:
		return &RemoteError{text: f.Text, kind: f.Type, chain: f.Chain()}
	}
}

// A libraryError is an error of this module in a child.
type libraryError struct {
	text  string
	chain []error
}

func (e *libraryError) Error() string   { return e.text }
func (e *libraryError) Unwrap() []error { return e.chain }
