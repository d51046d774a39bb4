//go:build unix

package parity_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/leak"
)

var update = flag.Bool("update", false, "run the programs and write their traces anew")

// programVar makes the test binary play a scenario's program. Children inherit
// it, so what a program does before multiproc.Main is done in each of them, as
// the top level of a Python module is on the spawn start method.
const programVar = "MULTIPROC_PARITY_PROGRAM"

// A scenario is one program in two languages.
type scenario struct {
	name    string
	main    func()
	differs bool     // on purpose: there are two traces
	runs    []string // the argument of each run; none for one run without
	logs    logs
}

// logs says what of the log belongs to the trace.
type logs int

const (
	events    logs = iota // the events of the main process
	allEvents             // those of children too
	records               // the lines of what the program logs itself, as they are
)

var scenarios []scenario

// add registers a scenario.
func add(s scenario) bool {
	scenarios = append(scenarios, s)
	return true
}

func TestMain(m *testing.M) {
	for _, s := range scenarios {
		if s.name == os.Getenv(programVar) {
			s.main()
		}
	}
	leak.Main(m)
}

// plain is a program whose main has nothing above multiproc.Main.
func plain(run func(ctx context.Context) error) func() {
	return func() { multiproc.Main(run) }
}

// say adds a line to the trace, marked so that nothing else is taken for one.
func say(format string, args ...any) {
	fmt.Printf("@%s: %s\n", multiproc.CurrentProcess().Name(), fmt.Sprintf(format, args...))
}

// none is the argument or result of a function that has none.
type none struct{}

// start starts a function without argument.
func start(f *multiproc.Func[none, none], opts multiproc.Options) (*multiproc.Process, error) {
	c, err := f.With(opts).Start(context.Background(), none{})
	if err != nil {
		return nil, err
	}
	return c.Process, nil
}

// outcome starts a function, joins it, and says its exit code.
func outcome(f *multiproc.Func[none, none], name string) error {
	p, err := start(f, multiproc.Options{Name: name})
	if err != nil {
		return err
	}
	_ = p.Join(context.Background()) // the context does not end
	say("%s", exitcode(p))
	return nil
}

// exitcode is NAME CODE, with None as long as the process runs.
func exitcode(p *multiproc.Process) string {
	if code, ok := p.ExitCode(); ok {
		return fmt.Sprint(p.Name(), " ", code)
	}
	return p.Name() + " None"
}

// Gates let one process wait for another: a FIFO that hold reads to its end.
// See mkfifo(3): opening it waits for the other side.
func hold(gate string) error {
	_, err := os.ReadFile(gate)
	return err
}

func release(gate string) error {
	f, err := os.OpenFile(gate, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// patience is a net for programs that hang.
const patience = 2 * time.Minute
