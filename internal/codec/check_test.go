package codec_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"multiproc/internal/codec"
)

type (
	Node struct {
		Value int
		Next  *Node
	}
	badNode struct {
		Next *badNode
		Done chan int
	}
	opt   struct{ Log *os.File }
	args  struct{ Opts []opt }
	inner struct{ Exported int }

	hidden struct {
		A int
		b int
	}
	taggedOut struct {
		A int
		b int           `cbor:"-"`
		C chan struct{} `cbor:"-"`
		_ [3]byte
	}
	jsonOut struct {
		Secret string `json:"-"`
	}
	jsonOutButSent struct {
		Secret string `json:"-" cbor:"secret"`
	}
	jsonTags struct {
		Tags  []string       `json:"tags,omitempty"`
		Meta  map[string]int `json:"meta,omitzero"`
		Twice int            `cbor:"same"`
		Other int            `cbor:"same"`
	}
	embedsUnexported struct {
		inner
		B int
	}
	embedsPointer           struct{ *Node }
	embedsUnexportedPointer struct{ *inner }
	stamped                 struct {
		time.Time
		Name string
	}
	generic[T any] struct{ V T }
	selfSlice      []selfSlice
	selfMap        map[string]selfMap
	selfPointer    *selfPointer
)

func (h hidden) unused() int    { return h.b }
func (t taggedOut) unused() int { return t.b }

// textOnly and its like have one half of a pair.
type textOnly struct{ A int }

func (textOnly) MarshalText() ([]byte, error) { return nil, nil }

type binaryDecodeOnly struct{ A int }

func (*binaryDecodeOnly) UnmarshalBinary([]byte) error { return nil }

type crossed struct{ A int }

func (crossed) MarshalBinary() ([]byte, error) { return nil, nil }
func (*crossed) UnmarshalText([]byte) error    { return nil }

// whole carries what reflection can't reach.
type whole struct{ text string }

func (w whole) MarshalText() ([]byte, error)  { return []byte(w.text), nil }
func (w *whole) UnmarshalText(b []byte) error { w.text = string(b); return nil }

type lower struct{ text string }

func (l lower) MarshalText() ([]byte, error)  { return []byte(l.text), nil }
func (l *lower) UnmarshalText(b []byte) error { l.text = string(b); return nil }

type embedsUnexportedPair struct{ lower }

type jsonOnly struct{ A int }

func (jsonOnly) MarshalJSON() ([]byte, error) { return nil, errors.New("not used") }

func TestCheckPasses(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[string](),
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
		reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](),
		reflect.TypeFor[[]byte](), reflect.TypeFor[[3][2]int](), reflect.TypeFor[map[string]int](), reflect.TypeFor[**int](), reflect.TypeFor[struct{}](),
		reflect.TypeFor[Node](), reflect.TypeFor[*Node](), reflect.TypeFor[selfSlice](), reflect.TypeFor[selfMap](), reflect.TypeFor[selfPointer](),
		reflect.TypeFor[taggedOut](), reflect.TypeFor[jsonOutButSent](), reflect.TypeFor[jsonTags](), reflect.TypeFor[jsonOnly](),
		reflect.TypeFor[embedsUnexported](), reflect.TypeFor[embedsPointer](), reflect.TypeFor[stamped](), reflect.TypeFor[generic[int]](),
		reflect.TypeFor[whole](), reflect.TypeFor[*whole](), reflect.TypeFor[map[whole]*whole](),
		reflect.TypeFor[map[[2]int]struct{}](), reflect.TypeFor[map[inner]int](), reflect.TypeFor[map[time.Time]int](), reflect.TypeFor[map[netip.Addr]int](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[time.Month](),
		reflect.TypeFor[big.Int](), reflect.TypeFor[*big.Float](), reflect.TypeFor[big.Rat](), reflect.TypeFor[url.URL](), reflect.TypeFor[json.RawMessage](),
	} {
		if err := codec.Check(typ); err != nil {
			t.Errorf("Check(%v) = %v, want nil", typ, err)
		}
	}
}

// Every kind that is refused, at every place where a type can stand.
func TestCheckRefusesEverywhere(t *testing.T) {
	for _, bad := range []struct {
		typ  reflect.Type
		want string // in the reason
	}{
		{reflect.TypeFor[chan int](), "channel"},
		{reflect.TypeFor[func()](), "NewFunc"},
		{reflect.TypeFor[complex64](), "two floats"},
		{reflect.TypeFor[complex128](), "two floats"},
		{reflect.TypeFor[uintptr](), "address"},
		{reflect.TypeFor[unsafe.Pointer](), "address"},
		{reflect.TypeFor[any](), "concrete"},
		{reflect.TypeFor[error](), "concrete"},
		{reflect.TypeFor[context.Context](), "concrete"},
		{reflect.TypeFor[io.Reader](), "concrete"},
		{reflect.TypeFor[os.File](), "Options.Files"},
		{reflect.TypeFor[*os.File](), "Options.Files"},
		{reflect.TypeFor[hidden](), "unexported"},
		{reflect.TypeFor[jsonOut](), "json"},
		{reflect.TypeFor[sync.Mutex](), "one process"},
		{reflect.TypeFor[sync.WaitGroup](), "one process"},
		{reflect.TypeFor[sync.Map](), "one process"},
		{reflect.TypeFor[atomic.Int64](), "one process"},
		{reflect.TypeFor[embedsUnexportedPointer](), "unexported"},
		{reflect.TypeFor[embedsUnexportedPair](), "not exported"},
		{reflect.TypeFor[textOnly](), "MarshalText but not UnmarshalText"},
		{reflect.TypeFor[binaryDecodeOnly](), "UnmarshalBinary but not MarshalBinary"},
		{reflect.TypeFor[crossed](), "MarshalBinary but not UnmarshalBinary"},
		{reflect.TypeFor[badNode](), "channel"},
	} {
		for _, place := range places(bad.typ) {
			err := codec.Check(place.typ)
			te, ok := errors.AsType[*codec.TypeError](err)
			if !ok {
				t.Errorf("Check(%v) = %v, want a *TypeError", place.typ, err)
				continue
			}
			if !strings.Contains(te.Reason, bad.want) {
				t.Errorf("Check(%v): reason %q, want %q in it", place.typ, te.Reason, bad.want)
			}
			if !strings.Contains(te.Path, place.path) {
				t.Errorf("Check(%v): path %q, want %q in it", place.typ, te.Path, place.path)
			}
			if again := codec.Check(place.typ); again != err { //nolint:errorlint // the very same
				t.Errorf("Check(%v) answers %v, and then %v", place.typ, err, again)
			}
		}
	}
}

type place struct {
	typ  reflect.Type
	path string
}

func places(t reflect.Type) []place {
	str := reflect.TypeFor[string]()
	all := []place{
		{t, ""},
		{reflect.SliceOf(t), "[]"},
		{reflect.ArrayOf(2, t), "[]"},
		{reflect.PointerTo(t), ""},
		{reflect.PointerTo(reflect.PointerTo(t)), ""},
		{reflect.MapOf(str, t), "[]"},
		{reflect.StructOf([]reflect.StructField{{Name: "Ok", Type: str}, {Name: "Bad", Type: t}}), ".Bad"},
		{reflect.MapOf(str, reflect.SliceOf(reflect.PointerTo(t))), "[][]"},
	}
	if t.Comparable() {
		all = append(all, place{reflect.MapOf(t, str), "[key]"})
	}
	return all
}

func TestCheckMapKeys(t *testing.T) {
	type pointing struct{ P *int }
	for _, typ := range []reflect.Type{
		reflect.TypeFor[map[*int]string](),
		reflect.TypeFor[map[[2]*int]string](),
		reflect.TypeFor[map[pointing]string](),
		reflect.TypeFor[map[generic[pointing]]string](),
	} {
		te, ok := errors.AsType[*codec.TypeError](codec.Check(typ))
		if !ok || !strings.Contains(te.Reason, "*int") {
			t.Errorf("Check(%v) = %v, want a *TypeError about *int", typ, te)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[args]():                   "args.Opts[].Log",
		reflect.TypeFor[map[string]args]():        "map[string]codec_test.args[].Opts[].Log",
		reflect.TypeFor[*badNode]():               "*codec_test.badNode.Done",
		reflect.TypeFor[chan int]():               "chan int",
		reflect.TypeFor[struct{ F func() }]():     "struct { F func() }.F",
		reflect.TypeFor[generic[chan int]]():      "codec_test.generic[chan int].V",
		reflect.TypeFor[map[[1]hidden]struct{}](): "map[[1]codec_test.hidden]struct {}[key][].b",
	} {
		te, ok := errors.AsType[*codec.TypeError](codec.Check(typ))
		if !ok || te.Path != want {
			t.Errorf("Check(%v) = %v, want path %s", typ, te, want)
		}
	}
}

func TestCheckNilPanics(t *testing.T) {
	defer func() {
		if r := recover(); r == nil {
			t.Error("Check(nil) returned")
		}
	}()
	_ = codec.Check(nil)
}

func TestCheckConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			type fresh struct{ A generic[[]map[string]Node] }
			if err := codec.Check(reflect.TypeFor[fresh]()); err != nil {
				t.Error(err)
			}
			if _, err := codec.Marshal(fresh{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
