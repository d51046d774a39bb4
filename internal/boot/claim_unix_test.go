//go:build unix

package boot

import (
	"os"
	"strings"
	"testing"

	"multiproc/internal/sys"
)

// pair returns the two ends of a control socket of this process.
func pair(t *testing.T) (parent *os.File, child int) {
	t.Helper()
	parent, child, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(child), "theirs")
	t.Cleanup(func() { parent.Close(); theirs.Close() })
	return parent, child
}

// claimed is Claim in an environment with this token.
func claimed(t *testing.T, token string) (int, error) {
	t.Helper()
	name, value, _ := strings.Cut(token, "=")
	if name != Variable {
		t.Fatalf("the token %q is not for %s", token, Variable)
	}
	t.Setenv(name, value)
	fd, err := Claim()
	if left, ok := os.LookupEnv(Variable); ok {
		t.Errorf("%q was left in the environment", left)
	}
	return fd, err
}

// A token outlives its process when somebody captures the environment and
// gives it to another program: that one is nobody's child, whatever it has
// under the number.
func TestStaleTokenIsNobodysChild(t *testing.T) {
	_, old := pair(t)
	_, other := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, fd := range map[string]int{
		"another socket": other, "a pipe": int(r.Fd()), "a file": int(file.Fd()), "nothing": 1 << 20, "a number too large": 1<<31 - 1,
	} {
		token, err := Token(old, fd)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := claimed(t, token); got != -1 || err != nil {
			t.Errorf("%s under the number: Claim = %d, %v, want -1", name, got, err)
		}
	}
	// What was no control socket of ours is as it was.
	if !sys.IsOpen(other) || !sys.IsOpen(int(r.Fd())) || !sys.IsOpen(int(file.Fd())) {
		t.Error("a stranger's descriptor was closed")
	}
}

// The two ends are not the same: a child holds its own.
func TestTokenIsForOneEnd(t *testing.T) {
	parent, child := pair(t)
	token, err := Token(child, int(parent.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if fd, err := claimed(t, token); fd != -1 || err != nil {
		t.Errorf("Claim of the other end = %d, %v, want -1", fd, err)
	}
}

func TestNoTokenForWhatIsNoSocket(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, fd := range []int{int(null.Fd()), -1, 1 << 20} {
		if token, err := Token(fd, 3); err == nil || token != "" {
			t.Errorf("Token(%d) = %q, %v, want an error", fd, token, err)
		}
	}
}
