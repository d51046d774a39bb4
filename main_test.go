package multiproc_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"multiproc/internal/leak"
	"multiproc/internal/track"
	"multiproc/multiproctest"
)

// programs are the mains that the test binary plays, by the value of
// programVar. Whoever tests a whole program registers it beside the test.
var programs = map[string]func(){}

const programVar = "MULTIPROC_TEST_PROGRAM"

// program registers a main and returns its name, for programCommand.
func program(name string, main func()) string {
	programs[name] = main
	return name
}

func TestMain(m *testing.M) {
	if main := programs[os.Getenv(programVar)]; main != nil {
		main()
		return
	}
	leak.Main(multiproctest.Wrap(m))
}

// coldOnly makes a program start all its functions cold, also where the suite
// runs with warm starts: for those that count descriptors, of which spares take
// some.
func coldOnly(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Env, methodVar+"=")
	return cmd
}

// patient makes a program wait for its tracker as if for ever, and what it starts:
// whoever learns only by giving up that there is none panics with the stacks that
// say where, however slow the machine is.
func patient(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Env, patientVar+"=1")
	return cmd
}

const patientVar = "MULTIPROC_TEST_PATIENT"

func init() {
	if os.Getenv(patientVar) != "" {
		track.Patient()
		time.AfterFunc(2*lifeNet, func() { panic("this waits for what does not come") })
	}
}

// methodVar names the start method that the whole suite runs with.
const methodVar = "MULTIPROC_TEST_METHOD"

// programCommand returns the command that runs a registered program.
func programCommand(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), programVar+"="+name)
	if os.Getenv("GORACE") == "" { // else a process of a race build takes a second to exit
		cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=20")
	}
	return cmd
}
