package crash

import (
	"testing"

	"multiproc/internal/leak"
)

var roles = map[string]func(){}

func TestMain(m *testing.M) { leak.MainWithRoles(m, roles) }
