package multiproctest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/leak"
)

// playVar makes the test binary one that has no test but TestPlay, which is the
// play of that name, under the TestMain of that name, or Main.
const (
	playVar = "MULTIPROCTEST_PLAY"
	mainVar = "MULTIPROCTEST_MAIN"
)

var (
	plays = map[string]func(*testing.T){}
	mains = map[string]func(m *testing.M){"": func(m *testing.M) { Main(m) }}
)

func TestMain(m *testing.M) {
	if os.Getenv(playVar) == "" {
		leak.Main(Wrap(m))
	}
	main := mains[os.Getenv(mainVar)]
	if main == nil {
		panic("no TestMain " + os.Getenv(mainVar))
	}
	flag.Parse()
	if err := flag.Set("test.run", "^TestPlay$"); err != nil { // whatever happens, not the suite
		panic(err)
	}
	main(m)
	os.Exit(99) // it should never have returned
}

func TestPlay(t *testing.T) {
	name := os.Getenv(playVar)
	if name == "" {
		return // it is for the binaries that the tests start
	}
	play := plays[name]
	if play == nil {
		t.Fatalf("no play %q", name)
	}
	play(t)
}

// A show is a run of the test binary as one with a single test.
type show struct {
	out  string
	code int
	temp []string // what it left in TMPDIR
}

func perform(t *testing.T, main, play string, args ...string) show {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.v", "-test.timeout=2m"}, args...)...)
	cmd.Env = append(os.Environ(), playVar+"="+play, mainVar+"="+main, "TMPDIR="+dir, "TMP="+dir, "TEMP="+dir)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	s := show{string(out), cmd.ProcessState.ExitCode(), left}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("it ended with %d and wrote:\n%s", s.code, s.out)
		}
	})
	return s
}

// want checks how the run ended, and that each part was told.
func (s show) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if s.code != code {
		t.Errorf("exit code %d, want %d", s.code, code)
	}
	for _, p := range parts {
		if !strings.Contains(s.out, p) {
			t.Errorf("%q is not told", p)
		}
	}
	if len(s.temp) > 0 {
		t.Errorf("left in TMPDIR: %q", s.temp)
	}
}

var pid = multiproc.NewFunc("pid", func(_ context.Context, _ int) (int, error) { return os.Getpid(), nil })

var untilTold = multiproc.NewFunc("untilTold", func(ctx context.Context, _ int) (string, error) {
	<-ctx.Done()
	return "told", nil
})

// deaf is a function that has to be killed, once it has said that it runs.
var deaf = multiproc.NewFunc("deaf", func(_ context.Context, _ int) (int, error) {
	fmt.Println("deaf")
	select {}
})

// mustStartDeaf starts a child that is deaf already.
func mustStartDeaf(t testing.TB, opts multiproc.Options) *multiproc.Child[int] {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	opts.Stdout = w
	c := mustStart(t, deaf, opts)
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	return c
}

// mustStart starts a child that runs.
func mustStart[R any](t testing.TB, f *multiproc.Func[int, R], opts multiproc.Options) *multiproc.Child[R] {
	t.Helper()
	c, err := f.With(opts).Start(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// otherPid calls pid and reports whether that was in a process of its own.
func otherPid(t testing.TB, f *multiproc.Func[int, int]) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n, err := f.Call(ctx, 0)
	if err != nil {
		t.Error(err)
	}
	return n != os.Getpid()
}

// standIn has the shape of goleak.VerifyTestMain: it takes the m, runs the tests,
// and fails the run for goroutines that are left.
func standIn(m interface{ Run() int }) {
	before := leak.Take()
	code := m.Run()
	if left := before.Since(leak.Settle); code == 0 && len(left) > 0 {
		fmt.Println("goleak: left:", left)
		code = 1
	}
	os.Exit(code)
}
