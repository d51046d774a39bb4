package multiproc

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"sync"

	"multiproc/internal/caller"
	"multiproc/internal/codec"
)

// A Func is a function that can run in a child process. It is made by
// [NewFunc], is immutable, and safe for concurrent use.
type Func[A, R any] struct {
	name string
	opts Options
}

// runner runs a registered function on an encoded argument, and appends the
// result to buf.
type runner func(ctx context.Context, arg, buf []byte) (result []byte, err error)

// registry holds the functions of this binary. It is filled during package
// initialisation, and only read after that.
type registry struct {
	mu    sync.Mutex
	funcs map[string]runner
	build uint64 // tells binaries with other functions apart, whatever the order
}

var funcs registry

// NewFunc registers fn and returns the Func to start it with. It is called at
// package level, so that a child knows the function too:
//
//	var size = multiproc.NewFunc("size", func(ctx context.Context, path string) (int64, error) { … })
//
// The name belongs to the calling package: "size" in example.com/thumb is
// example.com/thumb.size. NewFunc panics if the package has that name already,
// after [Main] or [Init], for an empty name and a nil fn, and if A or R has a
// type that can't cross the process line (see the package documentation).
func NewFunc[A, R any](name string, fn func(context.Context, A) (R, error)) *Func[A, R] {
	full := caller.Package(0) + "." + name
	if name == "" || fn == nil {
		panic("multiproc: NewFunc: " + full + ": name and function must be given")
	}
	funcs.add(full, reflect.TypeFor[A](), reflect.TypeFor[R](), bind(full, fn))
	return &Func[A, R]{name: full}
}

// bind hides the types of fn behind the codec.
func bind[A, R any](name string, fn func(context.Context, A) (R, error)) runner {
	// Made when the function first runs: not every child runs every function.
	plans := sync.OnceValues(func() (arg, result *codec.Plan) {
		arg, _ = codec.PlanFor(reflect.TypeFor[A]()) // NewFunc has refused what has none
		result, _ = codec.PlanFor(reflect.TypeFor[R]())
		return arg, result
	})
	return func(ctx context.Context, encoded, buf []byte) ([]byte, error) {
		in, out := plans()
		var arg A
		if err := in.Decode(encoded, &arg); err != nil {
			return nil, &crossing{codecError(name, "decode the argument", err)}
		}
		result, err := fn(ctx, arg)
		if err != nil {
			return nil, err
		}
		buf, err = out.Append(buf, &result)
		if err != nil {
			return nil, &crossing{codecError(name, "encode the result", err)}
		}
		return buf, nil
	}
}

func (r *registry) add(name string, arg, result reflect.Type, run runner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if initialized.Load() {
		panic("multiproc: NewFunc(" + name + ") after Main or Init: children would not know it; make it a package-level variable")
	}
	if _, dup := r.funcs[name]; dup {
		panic("multiproc: NewFunc(" + name + "): the package has a function of that name already")
	}
	if !IsChild() { // a child would only find out again what its parent knows
		for _, t := range []reflect.Type{arg, result} {
			if err := codec.Check(t); err != nil {
				panic(fmt.Sprintf("multiproc: NewFunc(%s): %v", name, err))
			}
		}
	}
	if r.funcs == nil {
		r.funcs = make(map[string]runner)
	}
	r.funcs[name] = run
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, name, arg, arg.Size(), result, result.Size())
	r.build ^= h.Sum64()
}

func (r *registry) find(name string) (runner, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run, ok := r.funcs[name]; ok {
		return run, nil
	}
	return nil, fmt.Errorf("%w: %s: make it with NewFunc in a package-level variable", ErrUnknownFunc, name)
}

func (r *registry) fingerprint() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.build
}

// Name returns the full name, import path and all.
func (f *Func[A, R]) Name() string { return f.name }

// With returns the same function, started as opts say. It replaces the options
// that f had, and leaves f as it is.
func (f *Func[A, R]) With(opts Options) *Func[A, R] {
	return &Func[A, R]{name: f.name, opts: opts}
}

// Start runs the function in a child process and returns once that is started
// (exec has succeeded) and arg is encoded; a large argument may still be on its
// way.
//
// ctx is the child's life: when it ends, the child is terminated, and killed
// when its Grace is over. Its deadline is the deadline of the function's ctx;
// its values stay here.
//
// Errors: [ErrNotInitialized], [ErrExiting], [ErrCodec], a *fs.PathError with
// the errno if the process could not be started, and what contradicts itself in
// the options. Nothing is left behind then.
func (f *Func[A, R]) Start(ctx context.Context, arg A) (*Child[R], error) {
	encoded, err := codec.Marshal(arg)
	if err != nil {
		return nil, codecError(f.name, "encode the argument", err)
	}
	p, err := startFunc(ctx, f.name, f.opts, encoded)
	if err != nil {
		return nil, err
	}
	return &Child[R]{p}, nil
}

// Call runs the function in a child process and returns its result when the
// process has ended. ctx bounds the child's life and the waiting. The error is
// that of Start, or that of Result.
func (f *Func[A, R]) Call(ctx context.Context, arg A) (R, error) {
	c, err := f.Start(ctx, arg)
	if err != nil {
		var none R
		return none, err
	}
	result, err := c.Result(context.WithoutCancel(ctx)) // ctx ends the child, and that the waiting
	_ = c.Join(context.WithoutCancel(ctx))
	return result, err
}

// A Child is a process that runs a function with result R.
type Child[R any] struct{ *Process }

// Result returns what the function returned, as soon as it did: the child may
// still be at its exit work, for which Join waits. ctx bounds the waiting only.
//
// Errors: *[RemoteError] for the error that the function returned, *[PanicError],
// [ErrGoexit], [ErrCodec], [ErrUnknownFunc], and *[ExitError] for a child that
// died before its function returned. Each caller gets the same, and a value of
// its own.
func (c *Child[R]) Result(ctx context.Context) (R, error) {
	var result R
	encoded, err := c.outcome(ctx)
	if err != nil {
		return result, err
	}
	if err := codec.Unmarshal(encoded, &result); err != nil {
		var none R
		return none, codecError(c.Name(), "decode the result", err)
	}
	return result, nil
}
