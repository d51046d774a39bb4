package tracker

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"multiproc/internal/caller"
	"multiproc/internal/codec"
	"multiproc/internal/track"
)

// Errors of Register, Unregister and Release, wrapped with what was refused.
var (
	// ErrNotInitialized says that neither multiproc.Main nor multiproc.Init
	// has run: they are what makes a tracker of this binary. It is
	// multiproc.ErrNotInitialized, and what a clean-up gets that registers
	// something itself.
	ErrNotInitialized = track.ErrNotInitialized

	// ErrNotRegistered says that this process has not registered the resource.
	ErrNotRegistered = track.ErrNotRegistered

	// ErrTooLarge says that a resource has more than 64 KiB when encoded.
	ErrTooLarge = track.ErrTooLarge

	// ErrUnavailable says that there is no tracker and none could be started,
	// with the reason, or that it does not answer.
	ErrUnavailable = track.ErrUnavailable
)

// A Kind is a kind of resource, and how it is cleaned up. Its methods are safe
// for concurrent use.
type Kind[R any] struct {
	name    string
	cleanup func(ctx context.Context, resource R) error
	prepare func(R) (R, error) // nil: nothing has to be done
}

// here is this package, whatever the module is called.
var here = caller.Package(-1)

// NewKind makes a kind. It is called at package level, so that the tracker,
// which is the same binary, knows the kind too. The name belongs to the calling
// package, as that of multiproc.NewFunc does.
//
// cleanup gets a copy of the resource, which identifies it to any process: a
// path, a name, an address. It must do no harm when it runs twice, or when the
// resource was never made, or is gone already. ctx ends after ten seconds;
// what does not return by then is left alone and reported.
//
// NewKind panics if the package has the name already, for an empty name or a
// nil cleanup, and for an R that can't cross the process line.
func NewKind[R any](name string, cleanup func(ctx context.Context, resource R) error) *Kind[R] {
	return newKind(caller.Package(0)+"."+name, name, cleanup)
}

func newKind[R any](full, name string, cleanup func(ctx context.Context, resource R) error) *Kind[R] {
	if name == "" || cleanup == nil {
		panic("tracker: NewKind: " + full + ": name and cleanup must be given")
	}
	if err := codec.Check(reflect.TypeFor[R]()); err != nil {
		panic(fmt.Sprintf("tracker: NewKind(%s): %v", full, err))
	}
	k := &Kind[R]{name: full, cleanup: cleanup}
	if !track.NewKind(full, track.Kind{Clean: k.clean, Describe: k.describe}) {
		panic("tracker: NewKind(" + full + "): the package has a kind of that name already")
	}
	return k
}

func (k *Kind[R]) clean(ctx context.Context, data []byte) error {
	var r R
	if err := codec.Unmarshal(data, &r); err != nil {
		return err
	}
	return k.cleanup(ctx, r)
}

func (k *Kind[R]) describe(data []byte) string {
	var r R
	if err := codec.Unmarshal(data, &r); err != nil {
		return fmt.Sprintf("%x", data)
	}
	if s, ok := any(r).(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%+v", r)
}

// Register makes this process an owner of the resource, and returns once the
// tracker knows: register first, then make it. The first Register of a tree of
// processes starts the tracker.
//
// After an error nobody cleans up: [ErrNotInitialized], [ErrTooLarge],
// [ErrUnavailable], or that the resource could not be encoded.
func (k *Kind[R]) Register(resource R) error {
	data, err := k.encode(resource)
	if err == nil {
		err = track.Register(k.name, data, caller.Outside(here, tempdir))
	}
	return k.wrap("register", err)
}

// Unregister says that this process is no owner any more: the resource is gone,
// or another process has registered it. [ErrNotRegistered] if it was none.
func (k *Kind[R]) Unregister(resource R) error {
	data, err := k.encode(resource)
	if err == nil {
		err = track.Unregister(k.name, data)
	}
	return k.wrap("unregister", err)
}

// Release runs the clean-up here and now, and then unregisters the resource.
// If the clean-up fails the resource stays registered, so that it can be tried
// again, and is tried when this process dies.
func (k *Kind[R]) Release(ctx context.Context, resource R) error {
	if k.prepare != nil {
		var err error
		if resource, err = k.prepare(resource); err != nil {
			return k.wrap("release", err)
		}
	}
	if err := k.cleanup(ctx, resource); err != nil {
		return k.wrap("release", err)
	}
	return k.Unregister(resource)
}

func (k *Kind[R]) encode(resource R) (data []byte, err error) {
	if k.prepare != nil {
		if resource, err = k.prepare(resource); err != nil {
			return nil, err
		}
	}
	return codec.Marshal(resource)
}

func (k *Kind[R]) wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotInitialized) && !errors.Is(err, track.ErrInside):
		err = fmt.Errorf("%w: call multiproc.Main(run), or multiproc.Init() first thing in main", err)
	}
	return fmt.Errorf("tracker: %s %s: %w", what, k.name, err)
}
