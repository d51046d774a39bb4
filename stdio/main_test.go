package stdio

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"multiproc/internal/leak"
)

var roles = map[string]func(){}

func TestMain(m *testing.M) { leak.MainWithRoles(emptied{m}, roles) }

// emptied fails a run that leaves writers behind.
type emptied struct{ m *testing.M }

func (e emptied) Run() int {
	code := e.m.Run()
	if n := len(std.newestFirst()); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d writers left\n", n)
		return 1
	}
	return code
}

// roleCommand is the test binary in a role.
func roleCommand(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role, "GOCOVERDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	return cmd
}
