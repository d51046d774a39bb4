package boot

import (
	"log/slog"
	"time"

	"multiproc/internal/seam"
	"multiproc/internal/wire"
)

// A Record is what a child is told before it runs anything. The argument comes
// in a frame of its own.
type Record struct {
	Build      uint64 // fingerprint of the registered functions
	Func       string
	Name       string
	Path       string // "1:2" for the second child of the first: names of children derive from it
	ParentName string
	Daemon     bool
	Detached   bool
	Args       []string // os.Args
	Restore    []string // K=V to set and K to unset: what was in the environment for the runtime alone
	Grace      time.Duration
	Deadline   int64 // of the context, Unix time in ns; zero without
	CrashFD    int   // -1 without
	CrashSlot  int
	Spare      bool     // it is nobody yet: a second record follows
	Umask      int      // -1: as it is
	Door       int      // of the tracker; zero without
	Tracker    int      // the inside of the door, for the tracker itself; zero in children
	Files      []string // names of the inherited files
	FirstFile  int      // descriptor of the first, which the others follow
	Log        seam.LogState
}

// Encode returns r as bytes.
func (r *Record) Encode() []byte {
	b := make([]byte, 0, 256)
	b = wire.AppendUint(b, r.Build)
	b = wire.AppendString(b, r.Func)
	b = wire.AppendString(b, r.Name)
	b = wire.AppendString(b, r.Path)
	b = wire.AppendString(b, r.ParentName)
	b = wire.AppendBool(b, r.Daemon)
	b = wire.AppendBool(b, r.Detached)
	b = wire.AppendStrings(b, r.Args)
	b = wire.AppendStrings(b, r.Restore)
	b = wire.AppendInt(b, r.Grace)
	b = wire.AppendInt(b, r.Deadline)
	b = wire.AppendInt(b, r.CrashFD)
	b = wire.AppendInt(b, r.CrashSlot)
	b = wire.AppendBool(b, r.Spare)
	b = wire.AppendInt(b, r.Umask)
	b = wire.AppendInt(b, r.Door)
	b = wire.AppendInt(b, r.Tracker)
	b = wire.AppendStrings(b, r.Files)
	b = wire.AppendInt(b, r.FirstFile)
	b = wire.AppendBool(b, r.Log.On)
	b = wire.AppendInt(b, int(r.Log.Level))
	b = wire.AppendBool(b, r.Log.Stderr)
	return wire.AppendBool(b, r.Log.Custom)
}

// Decode reads what Encode wrote.
func Decode(b []byte) (*Record, error) {
	in := wire.Parse(b)
	r := &Record{
		Build:      in.Uint(),
		Func:       in.String(),
		Name:       in.String(),
		Path:       in.String(),
		ParentName: in.String(),
		Daemon:     in.Bool(),
		Detached:   in.Bool(),
		Args:       in.Strings(),
		Restore:    in.Strings(),
		Grace:      time.Duration(in.Int()),
		Deadline:   in.Int(),
		CrashFD:    int(in.Int()),
		CrashSlot:  int(in.Int()),
		Spare:      in.Bool(),
		Umask:      int(in.Int()),
		Door:       int(in.Int()),
		Tracker:    int(in.Int()),
		Files:      in.Strings(),
		FirstFile:  int(in.Int()),
		Log: seam.LogState{
			On:     in.Bool(),
			Level:  slog.Level(in.Int()),
			Stderr: in.Bool(),
			Custom: in.Bool(),
		},
	}
	return r, in.Err()
}
