package sys

import (
	"os"
	"testing"

	"multiproc/internal/leak"
)

// roles are what the test binary plays instead of running tests, by the value
// of roleVar.
var roles = map[string]func(){}

const roleVar = "MULTIPROC_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		roles[role]() // an unknown one panics: a role never runs the tests
		return
	}
	leak.Main(m)
}
