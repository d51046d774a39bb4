package leak

import (
	"fmt"
	"os"
)

// RoleEnv names the role that a test binary plays instead of running tests.
const RoleEnv = "MULTIPROC_TEST_ROLE"

// MainWithRoles is Main for a test binary that starts itself: with the name of
// a role in RoleEnv it plays that and exits. A role that is not there never
// runs the tests, which would start it again without end.
func MainWithRoles(m interface{ Run() int }, roles map[string]func()) {
	name := os.Getenv(RoleEnv)
	if name == "" {
		Main(m)
	}
	play := roles[name]
	if play == nil {
		fmt.Fprintf(os.Stderr, "leak: no role %q\n", name)
		os.Exit(2) //nolint:forbidigo // as in Main
	}
	play()
	os.Exit(0) //nolint:forbidigo // as in Main
}
