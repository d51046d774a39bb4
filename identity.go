package multiproc

import (
	"errors"
	"os"
	"time"

	"multiproc/internal/boot"
	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// isSpare reports whether this process is still nobody.
func isSpare() bool {
	r := birth.record.Load()
	return r != nil && r.Spare
}

// awaitIdentity is what a spare does until it becomes a child. One that is not
// wanted, or can't become one, leaves in order: it does not return from here.
func (c *childhood) awaitIdentity(err error) {
	code := 0
	if err != nil {
		c.fail(failureFrom(err))
		code = 1
	}
	if asked, _ := exit.wish.state(); err == nil && !asked {
		err = c.becomeChild()
	} else {
		err = errNoChild
	}
	if err != nil {
		exit.leave(code)
		select {} // somebody else leaves already
	}
	_ = c.frames.Write(wire.Run, nil) // a parent that is gone needs none
}

var errNoChild = errors.New("this process becomes no child")

func (c *childhood) becomeChild() error {
	if err := c.rehearse(); err != nil {
		return err
	}
	c.waiting.Store(true)
	if asked, _ := exit.wish.state(); asked && c.waiting.CompareAndSwap(true, false) { // since it was looked at
		return errNoChild
	}
	_ = c.frames.Write(wire.Ready, nil) // a parent that is gone is heard of below
	frame, err := wire.ReadFrame(c.in, maxRecord)
	switch {
	case !c.waiting.CompareAndSwap(true, false): // a signal was first
		return errNoChild
	case err != nil:
		return err
	case frame.Kind != wire.Boot:
		return ErrProtocol
	}
	r, err := boot.Decode(frame.Payload)
	if err != nil {
		return err
	}
	return c.takeOn(r)
}

// rehearse takes on what this process is already, so that the second time
// little is new to the processor: most of a hand-out would be page faults.
func (c *childhood) rehearse() error {
	_ = time.AfterFunc(time.Hour, func() {}).Stop() // which makes the poller, as a timer that nobody reads does not
	dir, err := sys.OpenDir(".")
	if err != nil {
		return nil //nolint:nilerr // a directory that nobody may enter any more
	}
	c.rights = []int{-1, -1, -1, dir}
	for n := range dirRight {
		if c.rights[n], err = sys.Duplicate(n); err != nil {
			return err
		}
	}
	r, err := boot.Decode(c.record.Load().Encode())
	if err != nil {
		return err
	}
	r.Files = nil
	return c.takeOn(r)
}

// The descriptors that come with an identity: three streams, the working
// directory, and the files.
const (
	dirRight = 3 + iota
	firstFileRight
)

// takeOn makes this spare the child that r speaks of.
func (c *childhood) takeOn(r *boot.Record) error {
	if len(c.rights) != firstFileRight+len(r.Files) {
		return errors.New("multiproc: descriptors were lost on the way")
	}
	var err error
	rights := c.rights[firstFileRight:]
	for n := range dirRight {
		err = errors.Join(err, setStream(n, c.rights[n]), sys.Close(c.rights[n]))
	}
	err = errors.Join(err, sys.Chdir(c.rights[dirRight]), sys.Close(c.rights[dirRight]))
	c.files.adopt(r.Files, func(n int) int { return rights[n] })
	c.rights = nil
	if r.Umask >= 0 {
		sys.SetUmask(r.Umask)
	}
	os.Args = r.Args
	sys.SetName(r.Name)
	c.record.Store(r)
	become(r)
	return err
}

// former are the files that os.Stdin, os.Stdout and os.Stderr were: if they were
// collected, they would close the descriptors.
var former []os.File

// setStream makes a standard stream another one. A pipe that does not block
// needs a new os.File over the same number, in place of the old: that one has
// found the stream blocking, and would give up with EAGAIN.
func setStream(n, source int) error {
	if err := sys.Replace(n, source, false); err != nil || !sys.IsNonblock(n) {
		return err
	}
	std := []*os.File{os.Stdin, os.Stdout, os.Stderr}[n]
	former = append(former, *std)
	*std = *os.NewFile(uintptr(n), std.Name())
	return nil
}
