package track

import (
	"testing"

	"multiproc/internal/leak"
)

// roles are what the test binary plays.
var roles = map[string]func(){}

func TestMain(m *testing.M) { leak.MainWithRoles(m, roles) }
