package pool_test

import (
	"testing"

	"multiproc/internal/leak"
	"multiproc/multiproctest"
)

func TestMain(m *testing.M) {
	play()
	leak.Main(multiproctest.Wrap(m))
}
