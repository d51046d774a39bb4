package rmtree

import (
	"os"
	"testing"

	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}
