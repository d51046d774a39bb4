package finalize_test

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"multiproc/finalize"
)

// A scratch is a directory that goes with the value, or at exit.
type scratch struct {
	path string
	fin  *finalize.Finalizer
}

func newScratch() (*scratch, error) {
	path, err := os.MkdirTemp("", "scratch-")
	if err != nil {
		return nil, err
	}
	s := &scratch{path: path}
	// The argument is the path: with s it would panic, since s could never go.
	s.fin = finalize.AttachAtExit(s, os.RemoveAll, path, finalize.AfterChildren)
	return s, nil
}

// Close removes the directory now. Closing twice is fine.
func (s *scratch) Close() error {
	_, err := s.fin.Call()
	return err
}

func ExampleAttachAtExit() {
	s, err := newScratch()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Close(), s.Close())
	_, err = os.Stat(s.path)
	fmt.Println("gone:", errors.Is(err, os.ErrNotExist))
	// Output:
	// <nil> <nil>
	// gone: true
}

func ExampleAttach() {
	type session struct{ id string }
	logout := func(id string) error {
		fmt.Println("logout", id)
		return nil
	}
	s := &session{id: "s1"}
	f := finalize.Attach(s, logout, s.id)
	fmt.Println(finalize.RunAll(), f.StillActive()) // not at exit
	fmt.Println(f.Call())
	fmt.Println(f.Call())
	// Output:
	// <nil> true
	// logout s1
	// true <nil>
	// false <nil>
}

func ExampleRunAll() {
	say := func(what string) func() error {
		return func() error { fmt.Println(what); return nil }
	}
	finalize.AtExit(say("last: remove the directory"), -100)
	finalize.AtExit(say("tell the children"), finalize.BeforeChildren)
	finalize.AtExit(func() error {
		fmt.Println("newest first")
		finalize.AtExit(say("what a callback adds runs too"), 0)
		return nil
	}, finalize.BeforeChildren)
	finalize.AtExit(say("first: stop taking work"), 10)

	fmt.Println(finalize.RunFrom(finalize.BeforeChildren))
	fmt.Println("... the children are ended ...")
	fmt.Println(finalize.RunAll())
	// Output:
	// first: stop taking work
	// newest first
	// what a callback adds runs too
	// tell the children
	// <nil>
	// ... the children are ended ...
	// last: remove the directory
	// <nil>
}

func ExampleRunAll_failures() {
	finalize.AtExit(func() error { return errors.New("disk full") }, 2)
	finalize.AtExit(func() error { panic("oops") }, 1)
	finalize.AtExit(func() error { fmt.Println("runs all the same"); return nil }, 0)

	err := finalize.RunAll()
	var p *finalize.PanicError
	fmt.Println(strings.Count(err.Error(), "\n")+1, "failed")
	fmt.Println(errors.As(err, &p), p.Value, p.Stack != "")
	// Output:
	// runs all the same
	// 2 failed
	// true oops true
}

func ExampleFinalizer_Cancel() {
	unlock := finalize.AtExit(func() error { fmt.Println("unlock"); return nil }, 0)
	// The lock was handed to somebody else.
	fmt.Println(unlock.Cancel(), unlock.Cancel(), unlock.StillActive())
	fmt.Println(finalize.RunAll())
	// Output:
	// true false false
	// <nil>
}

func ExampleFinalizer_String() {
	f := finalize.AtExit(finalize.RunAll, 5)
	text := f.String()
	f.Cancel()
	fmt.Println(strings.Contains(text, "finalize.RunAll (priority 5, made at "))
	fmt.Println(strings.HasSuffix(text, "/example_test.go:120): active"))
	// Output:
	// true
	// true
}
