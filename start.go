package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
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

// initialize makes Start possible.
func initialize() {
	if !initialized.Swap(true) {
		joinTree()
	}
}

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
	method := opts.Method
	if method == DefaultMethod {
		method = mainOptions.Load().Method
	}
	if method == InProcess {
		opts.Method = InProcess // it may be the default that says so
		if err := opts.check(); err != nil {
			return nil, err
		}
		return startInProcess(ctx, name, opts, arg)
	}
	return startCold(ctx, name, opts, arg)
}

// mayStart says why this process can't start another one now, or what to call
// when that is done.
func mayStart(ctx context.Context) (started func(), err error) {
	if birth.record != nil && birth.record.Tracker > 0 {
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

// program is what has to be known of the running binary, once.
var program = sync.OnceValues(func() (argv []string, err error) {
	argv = []string{"multiproc"}
	if len(os.Args) > 0 {
		argv[0] = os.Args[0]
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return argv, nil
	}
	for _, s := range info.Settings {
		if s.Key == "-buildmode" && (s.Value == "c-shared" || s.Value == "c-archive" || s.Value == "plugin") {
			return nil, fmt.Errorf("multiproc: this code was built with -buildmode=%s: the running program "+
				"is another one, and can't be started as a child: %w", s.Value, errors.ErrUnsupported)
		}
	}
	if strings.HasSuffix(info.Path, ".test") {
		argv = append(argv, "-test.run=^$") // a net: a child never gets as far as its tests
	}
	return argv, nil
})

// startCold starts the running binary anew.
func startCold(ctx context.Context, name string, opts Options, arg []byte) (*Process, error) {
	argv, err := program()
	if err != nil {
		return nil, err
	}
	exe, err := sys.Executable()
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	std, err := openStreams(&opts)
	if err != nil {
		return nil, fmt.Errorf("multiproc: standard streams: %w", err)
	}
	files, err := openHeritage(opts.Files)
	if err != nil {
		std.abandon()
		return nil, err
	}
	defer files.close()
	watchOOMKills()
	p := newChild(&opts)
	c := &coldChild{Process: p, std: std, slot: crashes.Take()}
	spec := &sys.Spec{
		Path: exe, Argv: append(slices.Clip(argv), p.name), Dir: opts.Dir,
		Env: opts.Env, Session: opts.Detached,
	}
	if err := c.launch(spec, newRecord(ctx, name, c), files, arg); err != nil {
		c.slot.Release()
		std.abandon()
		return nil, fmt.Errorf("multiproc: start %s: %w", name, err)
	}
	c.run(ctx)
	return p, nil
}

// launch starts the process. On error the control socket is closed again.
func (c *coldChild) launch(spec *sys.Spec, record *boot.Record, files *heritage, arg []byte) error {
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
		if spec.Env == nil {
			spec.Env = os.Environ()
		}
		spec.Env, record.Restore = settings.Apply(spec.Env)
		spec.Env = append([]string{token}, spec.Env...) // the first of a name counts
		l := newLetter(record, arg)
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
func (c *coldChild) handDown(spec *sys.Spec, record *boot.Record, end, door int, files *heritage) (control int) {
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

func newRecord(ctx context.Context, name string, c *coldChild) *boot.Record {
	r := &boot.Record{
		Build: funcs.fingerprint(), Func: name, Name: c.name, Path: c.path, ParentName: self.name,
		Daemon: c.daemon, Detached: c.detached, Args: os.Args, Grace: c.grace,
		CrashFD: -1, Log: seam.LogSnapshot(),
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Year() < 2262 { // what a count of ns can say
		r.Deadline = deadline.UnixNano()
	}
	return r
}
