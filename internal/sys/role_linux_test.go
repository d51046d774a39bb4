package sys

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"multiproc/internal/leak"
)

// playRole returns what the test binary prints in a role.
func playRole(t *testing.T, role string) string {
	t.Helper()
	cmd := roleCommand(t, role)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	return string(out)
}

// roleCommand is the test binary in a role.
func roleCommand(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role, "GOCOVERDIR="+t.TempDir())
	return cmd
}
