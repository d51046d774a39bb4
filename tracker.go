package multiproc

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"multiproc/internal/boot"
	"multiproc/internal/sys"
	"multiproc/internal/track"
	"multiproc/mplog"
)

// joinTree makes this process an owner: in its parent's tree, or as the root
// of one.
func joinTree() {
	name := func() string { return self().name }
	if r := birth.record.Load(); r != nil && r.Door > 0 {
		track.Inherit(name, r.Door, reportLeak)
		return
	}
	track.Begin(name, spawnTracker, reportLeak)
}

// follow ties a child to the life of this process. What can't be tied is no
// reason not to run: a function hears of its parent's death by itself.
func (p *Process) follow(group, command bool) {
	if p.detached {
		return
	}
	tie, err := track.Follow(p.pid, group, command, p.grace)
	if err != nil && mplog.Enabled(mplog.LevelDebug) {
		mplog.Debug("child is not tied to this process's life", mplog.EventKey, "untied", "child", p.name, "error", err)
	}
	p.tie = tie
}

// reportLeak tells what a process has left behind.
func reportLeak(r track.Report) {
	if !mplog.Enabled(mplog.LevelWarning) {
		return
	}
	args := []any{
		mplog.EventKey, "leaked", "kind", r.Kind, "resource", r.Resource,
		"owner", r.Owner, "pid", r.PID, "registered", r.Where,
	}
	msg := "cleaned up what was left behind"
	if r.Problem != "" {
		msg = "could not clean up what was left behind"
		args = append(args, "error", r.Problem)
	}
	mplog.Logger().Warn(msg, args...)
}

// stopTracker is a part of the exit sequence. Clean-up of what was left behind
// goes on without this process if it takes long.
func stopTracker() {
	ctx, cancel := context.WithTimeout(context.Background(), track.LeaveLimit)
	defer cancel()
	if err := track.Stop(ctx); err != nil && mplog.Enabled(mplog.LevelDebug) {
		mplog.Debug("leaving the tracker", mplog.EventKey, "tracker", "error", err)
	}
}

// A trackerProcess is the tracker, as its root knows it.
type trackerProcess struct {
	proc *sys.Proc
	done chan struct{}
}

func (t *trackerProcess) Kill() error           { return t.proc.Signal(syscall.SIGKILL) }
func (t *trackerProcess) Done() <-chan struct{} { return t.done }

// spawnTracker starts the running binary anew, to be the tracker behind the
// door: in a session of its own, with none of the standard streams.
func spawnTracker(door int) (track.Tracker, error) {
	prog, err := program()
	if err != nil {
		return nil, err
	}
	null, err := sys.OpenNull()
	if err != nil {
		return nil, err
	}
	defer func() { _ = sys.Close(null) }()
	file, end, err := sys.Pair()
	if err != nil {
		return nil, err
	}
	sys.Reserve(end) // sys.Opening would be held in the wrong order
	defer func() {
		sys.Unreserve(end)
		_ = sys.Close(end)
	}()
	const control = 3
	token, err := boot.Token(end, control)
	if err != nil {
		sys.CloseReserved(file)
		return nil, err
	}
	record := &boot.Record{
		Name: "tracker", ParentName: self().name, Args: firstArgs, CrashFD: -1, Umask: -1, Tracker: control + 1,
	}
	l := newLetter(record, nil)
	if err := l.post(file); err != nil {
		sys.CloseReserved(file)
		return nil, err
	}
	proc, err := sys.Start(&sys.Spec{
		Path: prog.path, Argv: prog.argv("tracker"), Env: append([]string{token}, os.Environ()...),
		Files: []int{null, null, null, end, door}, Session: true,
	})
	if err != nil {
		sys.CloseReserved(file)
		return nil, fmt.Errorf("start the tracker: %w", err)
	}
	t := &trackerProcess{proc: proc, done: make(chan struct{})}
	go func() {
		l.rest(file, nil) // of a long command line; what reads no more is dead
		sys.CloseReserved(file)
		proc.Wait()
		close(t.done)
	}()
	return t, nil
}

// deafen makes a tracker outlive what a terminal or an init system sends to
// everybody: it ends when its work is done.
func deafen() { signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) }

// beTracker is the life of the tracker. It does not return.
func beTracker(r *boot.Record) {
	_ = os.Chdir("/") // so that no file system is kept busy
	if err := track.Serve(r.Tracker); err != nil {
		os.Exit(1) //nolint:forbidigo // nobody would hear why
	}
	os.Exit(0) //nolint:forbidigo // a tracker has nothing of its own to leave in order
}
