package multiproc

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"multiproc/finalize"
	"multiproc/internal/exitseq"
)

// exit is how this process leaves, once.
var exit = departure{wish: newStop(func(error) {}, func() {}), letPanic: make(chan struct{})}

type departure struct {
	// starting is held for reading while a process is being started, so that
	// the sequence misses none: for writing when starting becomes an error.
	starting sync.RWMutex

	begun atomic.Bool // the sequence runs: from here on IsExiting
	open  atomic.Bool // finalizers run, and may start processes

	over atomic.Bool // it is decided what ends the process: the sequence or its bound

	wish *stop // set before there is anybody who could ask

	panicked atomic.Bool   // run panicked, and the runtime shall say so
	letPanic chan struct{} // closed when it may
	let      sync.Once     // closes it
}

// mayStart reports whether a process may be started now. If so, done is to be
// called when it is known to the family, or has failed.
func (d *departure) mayStart() (done func(), ok bool) {
	d.starting.RLock()
	if d.begun.Load() && !d.open.Load() {
		d.starting.RUnlock()
		return nil, false
	}
	return d.starting.RUnlock, true
}

// begin claims the exit. Whoever gets false waits for nothing: somebody else
// leaves already.
func (d *departure) begin() bool {
	d.starting.Lock()
	defer d.starting.Unlock()
	return d.begun.CompareAndSwap(false, true)
}

// leave runs the exit sequence and ends the process with the code, unless that
// has begun.
func (d *departure) leave(code int) {
	if d.begin() {
		d.finish(code)
	}
}

// finish does what begin has claimed.
func (d *departure) finish(code int) {
	d.run(code)
	if !d.over.CompareAndSwap(false, true) {
		select {} // giveUp has killed whom the sequence was waiting for
	}
	d.givePanicWay()
	exitWith(code)
}

// givePanicWay lets a panic in run end the process, if there was one, and does
// not return then.
func (d *departure) givePanicWay() {
	if d.panicked.Load() {
		d.let.Do(func() { close(d.letPanic) })
		select {}
	}
}

// run goes through the steps of the sequence, within ExitTimeout.
func (d *departure) run(code int) {
	if limit := mainOptions.Load().ExitTimeout; limit > 0 {
		defer time.AfterFunc(limit, d.giveUp).Stop()
	}
	spares.close()
	s := &exitseq.Sequence{
		Asked:    d.wish.wanted,
		Deadline: d.wish.by,
		Skip:     d.wish.skip,
		Children: exitChildren,
		Finalize: d.finalize,
		Flush:    func() { flush(code) },
		Log:      func(event, msg string, args ...any) { logEvent(event, msg, args...) },
		Waiting:  sayWaiting,
		Left:     sayLeft,
		Clock:    exitseq.SystemClock,
	}
	path := os.Getenv("MULTIPROC_EXIT_TRACE")
	if path != "" && !isSpare() {
		s.Trace = exitseq.NewTrace(self().name)
	}
	s.Run()
	if err := s.Trace.WriteFile(tracePath(path)); err != nil {
		fmt.Fprintln(os.Stderr, "multiproc: MULTIPROC_EXIT_TRACE:", err)
	}
}

// giveUp ends a process whose ExitTimeout is over.
func (d *departure) giveUp() {
	if !d.over.CompareAndSwap(false, true) {
		return
	}
	for _, c := range exitChildren() {
		_ = c.Kill() // one that has ended is as good
	}
	spares.kill()
	sayBriefly("exit took longer than ExitTimeout")
	d.givePanicWay()
	os.Exit(exitTimeoutCode) //nolint:forbidigo // the bound on the exit sequence
}

// exitTimeoutCode is what a process exits with whose exit took too long, as
// timeout(1) does.
const exitTimeoutCode = 124

func (d *departure) finalize(all bool) {
	d.open.Store(true)
	defer func() {
		d.starting.Lock()
		defer d.starting.Unlock()
		d.open.Store(false)
	}()
	var err error
	if all {
		err = finalize.RunAll()
	} else {
		err = finalize.RunFrom(finalize.BeforeChildren)
	}
	if err != nil { // said whether or not somebody logs, as CPython prints it
		fmt.Fprintf(os.Stderr, "multiproc: %s: %v\n", self().name, err)
	}
}

// IsExiting reports whether the exit sequence of this process has begun
// [is_exiting].
func IsExiting() bool { return exit.begun.Load() }

// Exit runs the exit sequence and ends the process with the code; a code
// outside 0…255 becomes 255, so that it never reads as success. In a child
// whose function has not returned, Result answers *[ExitError].
//
// It may be called from any goroutine, finalizers included, and does not
// return: the calling goroutine ends as by [runtime.Goexit], so its deferred
// functions run, beside the sequence, which does not wait for them. Once an
// exit has begun, the first code counts.
func Exit(code int) {
	if exit.begin() {
		go exit.finish(code)
	}
	runtime.Goexit()
}

// bySignal is the code of an exit that is a death by the signal that asked.
const bySignal = -1 << 20

// diesBy tells whether this process ends by a signal: so does a child that was
// asked to end, whatever its function returned.
func diesBy(code int) (sig syscall.Signal, dies bool) {
	asked, sig := exit.wish.state()
	return sig, asked && (code == bySignal || IsChild())
}

// exitWith ends this process.
func exitWith(code int) {
	if sig, dies := diesBy(code); dies {
		dieBy(sig)
	}
	os.Exit(exitCode(code)) //nolint:forbidigo // this is what the exit sequence ends with
}

// exitCode makes a code fit into the byte that the system has for it.
func exitCode(code int) int {
	if code < 0 || code > 255 {
		return 255
	}
	return code
}
