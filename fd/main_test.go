package fd_test

import (
	"testing"

	"multiproc/internal/leak"
)

var roles = map[string]func(){}

func TestMain(m *testing.M) { leak.MainWithRoles(m, roles) }
