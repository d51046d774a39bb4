package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"multiproc/internal/codec"
	"multiproc/internal/remote"
)

var (
	errBusy = errors.New("busy")
	errWide = fmt.Errorf("wide: %w", io.ErrClosedPipe)
)

type codeError struct{ Code int }

func (c codeError) Error() string { return fmt.Sprint("code ", c.Code) }

func init() { remote.RegisterErrors(errBusy, errWide, codeError{7}) }

// received is what a parent makes of a Failure.
type received struct {
	text  string
	chain []error
}

func (r *received) Error() string   { return r.text }
func (r *received) Unwrap() []error { return r.chain }

func cross(t testing.TB, err error) *received {
	t.Helper()
	f, derr := remote.Decode(remote.FromError(err).Encode())
	if derr != nil {
		t.Fatalf("Decode: %v", derr)
	}
	if f.Kind != remote.Error {
		t.Fatalf("kind %v, want error", f.Kind)
	}
	return &received{f.Text, f.Chain()}
}

type custom struct {
	text  string
	below error
}

func (c *custom) Error() string { return c.text }
func (c *custom) Unwrap() error { return c.below }

// Each of these is found in the child, so it must be found in the parent,
// bare, wrapped, joined, and at the end of every structured error.
func TestSentinelsCross(t *testing.T) {
	for _, want := range []error{
		context.Canceled, context.DeadlineExceeded, errors.ErrUnsupported,
		io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortWrite, io.ErrShortBuffer, io.ErrNoProgress,
		fs.ErrInvalid, fs.ErrPermission, fs.ErrExist, fs.ErrNotExist, fs.ErrClosed,
		os.ErrDeadlineExceeded, os.ErrProcessDone, exec.ErrNotFound,
		syscall.ENOENT, syscall.EAGAIN, syscall.EPIPE,
		errBusy, errWide,
		codeError{7},
	} {
		for _, sent := range []error{
			want,
			fmt.Errorf("context: %w", want),
			errors.Join(errors.New("other"), fmt.Errorf("deep: %w", &custom{"mine", want})),
			&fs.PathError{Op: "open", Path: "/x", Err: want},
			&os.LinkError{Op: "rename", Old: "/a", New: "/b", Err: want},
			os.NewSyscallError("mount", want),
			&exec.Error{Name: "ls", Err: want},
			&fs.PathError{Op: "open", Path: "/x", Err: &custom{"mine", &exec.Error{Name: "ls", Err: want}}},
		} {
			got := cross(t, sent)
			if !errors.Is(got, want) {
				t.Errorf("%#v is not found in %#v", want, sent)
			}
			if got.Error() != sent.Error() {
				t.Errorf("text %q, want %q", got, sent)
			}
			if len(got.chain) == 1 && got.chain[0].Error() != want.Error() && reflect.TypeOf(got.chain[0]) == reflect.TypeOf(sent) && got.chain[0].Error() != sent.Error() {
				t.Errorf("part reads %q, want %q", got.chain[0], sent)
			}
		}
	}
	if errors.Is(cross(t, errors.New("busy")), errBusy) {
		t.Error("an error with the text of a sentinel became it")
	}
	if errors.Is(cross(t, codeError{8}), codeError{7}) {
		t.Error("another value of a registered type became it")
	}
}

func TestErrnoMeansTheSame(t *testing.T) {
	_, err := os.Open("/no/such/file")
	got := cross(t, err)
	if !errors.Is(got, fs.ErrNotExist) || !errors.Is(got, syscall.ENOENT) {
		t.Errorf("%v is not a missing file any more", got)
	}
}

func TestAsFindsTheParts(t *testing.T) {
	sent := fmt.Errorf("start: %w", errors.Join(
		&fs.PathError{Op: "open", Path: "/\xff", Err: syscall.EACCES},
		&os.LinkError{Op: "link", Old: "a", New: "b", Err: errors.New("own words")},
		&fs.PathError{Op: "second", Path: "p", Err: io.EOF},
		&exec.Error{Name: "ls", Err: exec.ErrNotFound},
		os.NewSyscallError("kill", syscall.ESRCH),
	))
	got := cross(t, sent)
	pe, ok := errors.AsType[*fs.PathError](error(got))
	if !ok || *pe != (fs.PathError{Op: "open", Path: "/\xff", Err: syscall.EACCES}) {
		t.Errorf("PathError: %#v, want the first one", pe)
	}
	le, ok := errors.AsType[*os.LinkError](error(got))
	if !ok || le.Error() != "link a b: own words" {
		t.Errorf("LinkError: %v", le)
	}
	ee, ok := errors.AsType[*exec.Error](error(got))
	if !ok || ee.Name != "ls" || !errors.Is(ee, exec.ErrNotFound) {
		t.Errorf("exec.Error: %v", ee)
	}
	se, ok := errors.AsType[*os.SyscallError](error(got))
	if !ok || se.Syscall != "kill" || !errors.Is(se, syscall.ESRCH) {
		t.Errorf("SyscallError: %v", se)
	}
	if no, ok := errors.AsType[syscall.Errno](error(got)); !ok || no != syscall.EACCES {
		t.Errorf("Errno %v, want the first one", no)
	}
	if got.Error() != sent.Error() {
		t.Errorf("text %q, want %q", got, sent)
	}
}

func TestNilErrOfPathError(t *testing.T) {
	got := cross(t, &custom{"no cause", &fs.PathError{Op: "open"}})
	if pe, ok := errors.AsType[*fs.PathError](error(got)); !ok || pe.Err != nil {
		t.Errorf("PathError %#v, want one with a nil Err", pe)
	}
}

type panicking struct{}

func (panicking) Error() string { panic("in Error") }
func (panicking) Unwrap() error { panic("in Unwrap") }

type endless struct{}

func (e endless) Error() string   { return "endless" }
func (e endless) Unwrap() []error { return []error{e, e} }

type uncomparable []int

func (uncomparable) Error() string { return "uncomparable" }

func TestHostileErrors(t *testing.T) {
	var nilPath *fs.PathError
	var nilCustom *custom
	loop := &custom{text: "loop"}
	loop.below = loop
	deep, paths := io.EOF, io.EOF
	for range 10_000 {
		deep = &custom{"deep", deep}
		paths = &fs.PathError{Op: "o", Path: "p", Err: paths}
	}
	many := make([]error, 100_000)
	for i := range many {
		many[i] = io.EOF
	}
	for name, err := range map[string]error{
		"nil": nil, "nil path": nilPath, "nil custom": nilCustom, "panicking": panicking{}, "endless": endless{},
		"uncomparable": uncomparable{1}, "loop": loop, "deep": deep, "joined nil": errors.Join(nilPath, io.EOF),
		"under a path": &fs.PathError{Op: "o", Path: "p", Err: panicking{}},
	} {
		if err != nil {
			cross(t, &custom{"outer", err})
		}
		if got := cross(t, err); got.Error() == "" {
			t.Errorf("%s: no text", name)
		}
	}
	cross(t, &custom{"deep paths", paths})
	if n := len(cross(t, &custom{"many", errors.Join(many...)}).chain); n == 0 || n > 1000 {
		t.Errorf("of 100,000 errors %d crossed, want some", n)
	}
	if got := cross(t, errors.Join(&custom{"x", nilCustom}, io.EOF).(interface{ Unwrap() []error }).Unwrap()[1]); !errors.Is(got, io.EOF) {
		t.Error("an error beside a nil pointer was lost")
	}
	if got := cross(t, panicking{}).Error(); !strings.Contains(got, "panicking") || !strings.Contains(got, "in Error") {
		t.Errorf("text %q, want the type and the panic", got)
	}
	if got := cross(t, nilPath).Error(); !strings.Contains(got, "PathError)(nil)") {
		t.Errorf("text %q, want a nil pointer", got)
	}
}

func TestLongText(t *testing.T) {
	long := strings.Repeat("ä", remote.MaxText)
	got := cross(t, errors.New(long)).Error()
	if len(got) > remote.MaxText+64 || !strings.HasPrefix(long, strings.SplitN(got, "…", 2)[0]) || !strings.HasSuffix(got, "bytes more)") {
		t.Errorf("%d bytes became %d", len(long), len(got))
	}
	exact := strings.Repeat("\xff", remote.MaxText)
	if cross(t, errors.New(exact)).Error() != exact {
		t.Error("a text of MaxText bytes changed")
	}
}

type (
	named  string
	number int
	value  struct{ A, B int }
)

func TestPanics(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"text", "text"},
		{errBusy, "busy"},
		{named("x"), `remote_test.named("x")`},
		{number(3), "remote_test.number(3)"},
		{42, "42"},
		{value{1, 2}, "(remote_test.value) {1 2}"},
		{panicking{}, "remote_test.panicking: panic while printing it"},
		{nil, "nil"},
	} {
		f, err := remote.Decode(remote.FromPanic(c.value, []byte("goroutine 1")).Encode())
		if err != nil || f.Kind != remote.Panic || f.Text != c.want || f.Stack != "goroutine 1" || f.Type != fmt.Sprintf("%T", c.value) {
			t.Errorf("panic(%#v) arrives as %+v, %v; want %q", c.value, f, err, c.want)
		}
	}
	f, err := remote.Decode(remote.FromGoexit().Encode())
	if err != nil || f.Kind != remote.Goexit {
		t.Errorf("goexit arrives as %+v, %v", f, err)
	}
}

func TestRegisterMisuse(t *testing.T) {
	for name, err := range map[string]error{"nil": nil, "again": errBusy, "built in": io.EOF, "uncomparable": uncomparable{}} {
		func() {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "multiproc: ") {
					t.Errorf("RegisterErrors of %s: panic %v, want one with the prefix", name, r)
				}
			}()
			remote.RegisterErrors(err)
		}()
	}
}

// A sentinel that this process doesn't know at that place is not replaced by
// another one.
func TestMismatchIsIgnored(t *testing.T) {
	f := remote.FromError(&fs.PathError{Op: "o", Path: "p", Err: errBusy})
	f.Nodes = append(f.Nodes, f.Nodes[0].Under[0])
	f.Nodes[0].Under[0].Text = "idle"
	f.Nodes[1].Num = 1 << 40
	got, err := remote.Decode(f.Encode())
	if err != nil {
		t.Fatal(err)
	}
	chain := got.Chain()
	if len(chain) != 1 || errors.Is(chain[0], errBusy) || chain[0].Error() != "o p: idle" {
		t.Errorf("chain %v, want a PathError with the foreign text alone", chain)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := remote.FromError(&fs.PathError{Op: "o", Path: "p", Err: io.EOF})
	for name, f := range map[string]func(f *remote.Failure){
		"no kind":    func(f *remote.Failure) { f.Kind = 0 },
		"kind":       func(f *remote.Failure) { f.Kind = 99 },
		"node kind":  func(f *remote.Failure) { f.Nodes[0].Kind = 99 },
		"two causes": func(f *remote.Failure) { f.Nodes[0].Under = append(f.Nodes[0].Under, f.Nodes[0].Under[0]) },
		"deep": func(f *remote.Failure) {
			for range 1000 {
				f.Nodes = []remote.Node{{Under: f.Nodes}}
			}
		},
	} {
		bad, err := remote.Decode(good.Encode())
		if err != nil {
			t.Fatal(err)
		}
		f(&bad)
		if _, err := remote.Decode(bad.Encode()); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
	data := good.Encode()
	for n := range data {
		if _, err := remote.Decode(data[:n]); err == nil {
			t.Errorf("the first %d bytes decode", n)
		}
	}
	if _, err := remote.Decode(append(data, 0)); err == nil {
		t.Error("a byte too many decodes")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(remote.FromError(errors.Join(&fs.PathError{Op: "o", Path: "p", Err: io.EOF}, errBusy, syscall.EPERM)).Encode())
	f.Add(remote.FromPanic("x", []byte("y")).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		failure, err := remote.Decode(data)
		if err != nil {
			return
		}
		for _, err := range failure.Chain() {
			errors.Is(err, io.EOF)
			_, _ = errors.AsType[*fs.PathError](err)
		}
		again, err := remote.Decode(failure.Encode())
		if err != nil || !reflect.DeepEqual(again, failure) {
			t.Errorf("%+v becomes %+v, %v", failure, again, err)
		}
	})
}

func TestFailureCanCross(t *testing.T) {
	if err := codec.Check(reflect.TypeFor[remote.Failure]()); err != nil {
		t.Error(err)
	}
}

func BenchmarkError(b *testing.B) {
	err := fmt.Errorf("load: %w", &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT})
	b.ReportAllocs()
	for b.Loop() {
		f, derr := remote.Decode(remote.FromError(err).Encode())
		if derr != nil || len(f.Chain()) != 1 {
			b.Fatal(derr)
		}
	}
}

func ExampleFromError() {
	_, err := os.Open("/no/such/file")
	data := remote.FromError(fmt.Errorf("load: %w", err)).Encode() // in the child

	f, err := remote.Decode(data) // in the parent
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Kind, f.Type)
	fmt.Println(errors.Is(errors.Join(f.Chain()...), fs.ErrNotExist))
	// Output:
	// error *fmt.wrapError
	// true
}
