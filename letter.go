package multiproc

import (
	"io"
	"os"

	"multiproc/internal/boot"
	"multiproc/internal/wire"
)

// A letter is what a child is told: its record and the argument. What the
// socket has room for is there before the child is, so that its first read does
// not wait; the rest follows in the background.
type letter struct {
	early []byte // frames that were not written yet
	large []byte // an argument that goes by itself, nil if it is in early
}

// smallArg is what fits beside a record into the buffer of a socket, in bytes.
const smallArg = 32 << 10

func newLetter(record *boot.Record, arg []byte) *letter {
	l := newSummons(record)
	if len(arg) <= smallArg {
		l.early = wire.Append(l.early, wire.Arg, arg)
	} else {
		l.large = arg
	}
	return l
}

// newSummons returns the letter to a process that shall wait for another one.
func newSummons(record *boot.Record) *letter {
	return &letter{early: wire.Append(nil, wire.Boot, record.Encode())}
}

// post writes what there is room for: nobody reads yet.
func (l *letter) post(file *os.File) error {
	n, err := sendNow(file, l.early)
	l.early = l.early[n:]
	return err
}

// rest writes what is left.
func (l *letter) rest(w io.Writer, frames *wire.Writer) {
	if len(l.early) > 0 {
		if _, err := w.Write(l.early); err != nil {
			return // the end of the process says more than this error, here and below
		}
	}
	if l.large != nil {
		_ = frames.Write(wire.Arg, l.large)
	}
}

func (l *letter) done() bool { return len(l.early) == 0 && l.large == nil }
