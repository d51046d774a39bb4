package multiproc

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"multiproc/internal/boot"
	"multiproc/internal/crash"
	"multiproc/internal/seam"
	"multiproc/internal/settings"
	"multiproc/internal/sys"
	"multiproc/internal/track"
)

// initialized is set by Main and Init.
var initialized atomic.Bool

// firstArgs are the os.Args of that moment, for what starts processes in the
// background: the program may be changing them.
var firstArgs []string

// initialize makes Start possible.
func initialize() {
	initializing.Do(func() {
		firstArgs = slices.Clone(os.Args)
		joinTree()
		initialized.Store(true)
	})
}

var initializing sync.Once

// crashes is where children leave their last words.
var crashes = crash.NewArea()

// startFunc starts a process for a registered function.
func startFunc(ctx context.Context, name string, opts Options, arg []byte) (*Process, error) {
	started, err := mayStart(ctx)
	if err != nil {
		return nil, err
	}
	defer started()
	if err := opts.check(); err != nil {
		return nil, err
	}
	if opts.Method = opts.method(); opts.Method == InProcess {
		if err := opts.check(); err != nil { // it may be the default that says so
			return nil, err
		}
		return startInProcess(ctx, name, opts, arg)
	}
	return startProcess(ctx, name, opts, arg)
}

// method is the one to use.
func (o *Options) method() StartMethod {
	return cmp.Or(o.Method, mainOptions.Load().Method, usualMethod)
}

// usualMethod is what is used where nobody says; tests run with another one.
var usualMethod = Spawn

// mayStart says why this process can't start another one now, or what to call
// when that is done.
func mayStart(ctx context.Context) (started func(), err error) {
	if r := birth.record.Load(); r != nil && r.Tracker > 0 {
		return nil, fmt.Errorf("%w: a clean-up of package tracker can't start processes", ErrNotInitialized)
	}
	if !initialized.Load() {
		return nil, fmt.Errorf("%w: call multiproc.Main(run), or multiproc.Init() first thing in main "+
			"(multiproc.Init in TestMain)", ErrNotInitialized)
	}
	if ctx.Err() != nil {
		return nil, causeOf(ctx)
	}
	started, ok := exit.mayStart()
	if !ok {
		return nil, ErrExiting
	}
	return started, nil
}

// startProcess gives a function a process: a spare, if it may be warm and there
// is one that fits, else the running binary started anew.
func startProcess(ctx context.Context, name string, opts Options, arg []byte) (*Process, error) {
	prog, err := program()
	if err != nil {
		return nil, err
	}
	watchOOMKills()
	c := &funcChild{Process: newChild(&opts)}
	if err := c.begin(ctx, prog, name, &opts, arg); err != nil {
		return nil, err
	}
	c.run(ctx)
	return c.Process, nil
}

// begin starts the process. On error nothing is left.
func (c *funcChild) begin(ctx context.Context, prog *binary, name string, opts *Options, arg []byte) (err error) {
	sys.Opening.RLock()
	defer sys.Opening.RUnlock()
	if c.std, err = openStreams(opts); err != nil {
		return fmt.Errorf("multiproc: standard streams: %w", err)
	}
	files, err := openHeritage(opts.Files)
	if err != nil {
		c.std.abandon()
		return err
	}
	defer files.close()
	record := newRecord(ctx, name, c)
	if opts.Method == Warm && c.warm(opts, record, files, arg) {
		return nil
	}
	if err := c.cold(prog, opts, record, files, arg); err != nil {
		c.std.abandon()
		return fmt.Errorf("multiproc: start %s: %w", name, err)
	}
	return nil
}

// cold starts the binary anew.
func (c *funcChild) cold(
	prog *binary, opts *Options, record *boot.Record, files *heritage, arg []byte,
) error {
	env := opts.Env
	if env == nil {
		env = os.Environ()
	}
	record.Umask = -1
	spec := &sys.Spec{Path: prog.path, Argv: prog.argv(c.name), Dir: opts.Dir, Session: opts.Detached}
	spec.Env, record.Restore = settings.Apply(env)
	c.slot = crashes.Take()
	err := c.launch(spec, record, files, func() *letter { return newLetter(record, arg) })
	if err != nil {
		c.slot.Release()
	}
	return err
}

// launch starts a process that finds a letter in its control socket, which is
// written once the record is complete. On error nothing is left open.
func (c *funcChild) launch(spec *sys.Spec, record *boot.Record, files *heritage, write func() *letter) error {
	file, end, err := sys.Pair()
	if err != nil {
		return err
	}
	defer func() { _ = sys.Close(end) }() // the child has its own
	door := -1
	if !c.detached { // which is the root of a tree of its own
		door = track.Door()
	}
	if door >= 0 {
		defer func() { _ = sys.Close(door) }()
	}
	control := c.handDown(spec, record, end, door, files)
	token, err := boot.Token(end, control)
	if err == nil {
		spec.Env = append([]string{token}, spec.Env...) // the first of a name counts
		l := write()
		if err = l.post(file); err == nil {
			c.proc, err = sys.Start(spec)
		}
		runtime.KeepAlive(c.std)
		if err == nil {
			c.ctl = newControl(file)
			c.ctl.send(l)
			return nil
		}
	}
	sys.CloseReserved(file)
	return err
}

// handDown lists the descriptors of the child, all of them, and notes for it
// which is which.
func (c *funcChild) handDown(spec *sys.Spec, record *boot.Record, end, door int, files *heritage) (control int) {
	give := func(fds ...int) (first int) {
		first = len(spec.Files)
		spec.Files = append(spec.Files, fds...)
		return first
	}
	give(c.std.fds[:]...)
	control = give(end)
	if c.slot != nil {
		record.CrashFD, record.CrashSlot = give(c.slot.FD()), c.slot.Index()
	}
	if door >= 0 {
		record.Door = give(door)
	}
	record.Files, record.FirstFile = files.names, give(files.fds...)
	return control
}

func newRecord(ctx context.Context, name string, c *funcChild) *boot.Record {
	r := &boot.Record{
		Build: funcs.fingerprint(), Func: name, Name: c.name, Path: c.path, ParentName: self().name,
		Daemon: c.daemon, Detached: c.detached, Args: os.Args, Grace: c.grace,
		CrashFD: -1, Log: seam.LogSnapshot(),
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Year() < 2262 { // what a count of ns can say
		r.Deadline = deadline.UnixNano()
	}
	return r
}
