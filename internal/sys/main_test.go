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
	if role := roles[os.Getenv(roleVar)]; role != nil {
		role()
		return
	}
	leak.Main(m)
}
