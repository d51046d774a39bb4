package serve

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// A fake is a pool without processes.
type fake struct{ closed *int }

func (fake) Call(n int) (int, error) {
	if n == 2 {
		return 5, nil
	}
	return Square(n), nil
}

func (fake) Map(n, chunk int) error {
	if chunk == 0 {
		return errors.ErrUnsupported
	}
	return nil
}
func (fake) Echo(b []byte) ([]byte, error) { return b[1:], nil }
func (fake) PIDs() []int                   { return []int{7} }
func (f fake) Close() error                { *f.closed++; return nil }

func TestServe(t *testing.T) {
	var out strings.Builder
	closed := 0
	in := `{"Do":"open","N":2}
{"Do":"warm","N":1}
{"Do":"call","N":2}
{"Do":"call","N":3}
{"Do":"map","N":5,"Chunk":1}
{"Do":"map","N":5}
{"Do":"echo","N":1,"Size":32}
{"Do":"pids"}
{"Do":"nonsense"}
`
	err := Serve(strings.NewReader(in), &out, func(int) (Pool, error) { return fake{&closed}, nil })
	want := regexp.MustCompile(`^\{"Each":\[\d+\]\}
\{\}
\{"Each":\[\d+,\d+\]\}
\{"Err":"2 squared is 5"\}
\{"Each":\[\d+\]\}
\{"Unsupported":true\}
\{"Err":"an echo that differs"\}
\{"PIDs":\[7\]\}
\{"Err":"unknown command .*"\}
$`)
	if err != nil || !want.MatchString(out.String()) {
		t.Errorf("%v\n%s", err, &out)
	}
	if closed != 1 {
		t.Errorf("closed %d times, want once", closed)
	}
}

func TestChunk(t *testing.T) {
	if a, b := Chunk(100, 2), Chunk(3, 2); a != 13 || b != 1 {
		t.Errorf("%d, %d, want 13, 1", a, b)
	}
}
