package track

import (
	"strings"
	"time"

	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// The frames of a link. Those with an id are acknowledged by it.
const (
	kindHello      wire.Kind = 64 + iota // owner: who it is; with a pidfd
	kindRegister                         // owner: a resource is its own
	kindUnregister                       // owner: it no longer is
	kindChild                            // owner: it has started a process; with an armed end
	kindGrace                            // owner: that process has another grace now
	kindGone                             // owner: nothing is left of that process
	kindLine                             // owner: the write end that its children live by, and children; see lineNote
	kindSync                             // owner: that was all it has
	kindBye                              // owner: it is leaving in order
	kindWelcome                          // tracker: it serves this owner; with a pidfd
	kindAck                              // tracker: what had this id is done
	kindReport                           // tracker: something was left behind
	kindParted                           // tracker: what who is leaving had is cleaned up; how many children depend on it still
)

// maxFrame is what a link takes: a resource and where it was registered.
const maxFrame = MaxResource + 16<<10

// MaxResource is the size of the largest encoded resource, in bytes.
const MaxResource = 64 << 10

type hello struct {
	pid      int
	name     string
	root     bool
	hasPidfd bool
}

func (h hello) encode() []byte {
	b := wire.AppendInt(nil, h.pid)
	b = wire.AppendString(b, clip(h.name))
	b = wire.AppendBool(b, h.root)
	return wire.AppendBool(b, h.hasPidfd)
}

func decodeHello(p []byte) (hello, error) {
	in := wire.Parse(p)
	h := hello{pid: int(in.Int()), name: in.String(), root: in.Bool(), hasPidfd: in.Bool()}
	return h, in.Err()
}

// A claim names a resource: its kind and its encoded form.
type claim struct{ kind, data string }

type registration struct {
	id uint64
	claim
	where string
}

func (r registration) encode() []byte {
	b := wire.AppendUint(nil, r.id)
	b = wire.AppendString(b, r.kind)
	b = wire.AppendString(b, r.data)
	return wire.AppendString(b, r.where)
}

func decodeRegistration(p []byte) (registration, error) {
	in := wire.Parse(p)
	r := registration{id: in.Uint(), claim: claim{in.String(), in.String()}, where: in.String()}
	return r, in.Err()
}

type childNote struct {
	seq     uint64
	pid     int
	command bool // no function of this module: it hears of nothing by itself
	grace   time.Duration
}

func (c childNote) encode() []byte { return c.append(nil) }

func (c childNote) append(b []byte) []byte {
	b = wire.AppendUint(b, c.seq)
	b = wire.AppendInt(b, c.pid)
	b = wire.AppendBool(b, c.command)
	return wire.AppendInt(b, c.grace)
}

func decodeChild(p []byte) (childNote, error) {
	in := wire.Parse(p)
	c := readChild(in)
	return c, in.Err()
}

func readChild(in *wire.Record) childNote {
	return childNote{seq: in.Uint(), pid: int(in.Int()), command: in.Bool(), grace: time.Duration(in.Int())}
}

// A lineNote comes with the write end, the armed ends of the children, and the
// write end again. So whenever the tracker dies, before this has arrived or
// after it, the last write end is closed before the armed ends are: what has a
// number of the tracker's is closed first, the highest number first, and then
// what is on its way, of one message the first descriptor first.
type lineNote []childNote

// lineMost is how many children fit into a lineNote.
const lineMost = sys.MaxRights - 2

func (l lineNote) encode() []byte {
	b := wire.AppendInt(nil, len(l))
	for _, c := range l {
		b = c.append(b)
	}
	return b
}

func decodeLine(p []byte) (lineNote, error) {
	in := wire.Parse(p)
	n := in.Int()
	if n < 0 || n > lineMost {
		return nil, wire.ErrMalformed
	}
	l := make(lineNote, n)
	for i := range l {
		l[i] = readChild(in)
	}
	return l, in.Err()
}

func encodeID(id uint64) []byte { return wire.AppendUint(nil, id) }

func decodeID(p []byte) (uint64, error) {
	in := wire.Parse(p)
	id := in.Uint()
	return id, in.Err()
}

func encodeAck(id uint64, problem string) []byte { return wire.AppendString(encodeID(id), problem) }

func decodeAck(p []byte) (id uint64, problem string, err error) {
	in := wire.Parse(p)
	id, problem = in.Uint(), in.String()
	return id, problem, in.Err()
}

// A Report tells of a resource that was left behind.
type Report struct {
	Kind, Resource string // Resource as a reader sees it
	Owner          string // its process's name
	PID            int
	Where          string // who registered it
	Problem        string // why it could not be cleaned up; empty when it was
}

func (r Report) encode() []byte {
	b := wire.AppendStrings(nil, []string{clip(r.Kind), clip(r.Resource), clip(r.Owner), clip(r.Where), clip(r.Problem)})
	return wire.AppendInt(b, r.PID)
}

// clip cuts a text that would be too large for a link, five of which must fit,
// and for a log.
func clip(s string) string {
	const most = 8 << 10
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func decodeReport(p []byte) (Report, error) {
	in := wire.Parse(p)
	s := in.Strings()
	pid := int(in.Int())
	if in.Err() != nil || len(s) != 5 {
		return Report{}, wire.ErrMalformed
	}
	return Report{s[0], s[1], s[2], pid, s[3], s[4]}, nil
}
