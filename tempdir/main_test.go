package tempdir

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"multiproc/finalize"
	"multiproc/internal/leak"
)

// roles are the programs that tests with real processes are about.
var roles = map[string]func(){}

func TestMain(m *testing.M) { leak.MainWithRoles(m, roles) }

// fresh gives the test a place of its own, where Sweep and Socket stay too, and
// sees to it that nothing is left there, or anywhere else, when it ends.
func fresh(t *testing.T) (place string) {
	t.Helper()
	place = t.TempDir()
	t.Setenv("TMPDIR", place)
	t.Setenv("TMP", place)
	setShortPlaces(t)
	t.Cleanup(func() {
		if err := Remove(); err != nil {
			t.Error("at the end:", err)
		}
		if n := finalize.Len(); n != 0 {
			t.Errorf("%d finalizers left", n)
		}
		if len(owners.in) != 0 || len(own.left) != 0 {
			t.Errorf("left: owners %v, directories %v", owners.in, own.left)
		}
		if names := list(t, place); len(names) != 0 {
			t.Errorf("left in %s: %q", place, names)
		}
	})
	return place
}

func setShortPlaces(t *testing.T, places ...string) {
	t.Helper()
	old := shortPlaces
	shortPlaces = func() []string { return places }
	t.Cleanup(func() { shortPlaces = old })
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	names, err := readNames(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func get(t *testing.T) string {
	t.Helper()
	path, err := Get()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A fakeTracker notes each call, and whether the path was there.
type fakeTracker struct {
	mu    sync.Mutex
	calls []string
	fail  map[string]error // by call, such as "dir"
}

func useTracker(t *testing.T) *fakeTracker {
	t.Helper()
	f := &fakeTracker{fail: map[string]error{}}
	old := track
	t.Cleanup(func() {
		f.mu.Lock()
		clear(f.fail)
		f.mu.Unlock()
		if err := Remove(); err != nil { // what it knows
			t.Error("at the end:", err)
		}
		track = old
	})
	track.dir, track.undir, track.file, track.unfile = f.note("dir"), f.note("undir"), f.note("file"), f.note("unfile")
	return f
}

func (f *fakeTracker) note(call string) func(string) error {
	return func(path string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := f.fail[call]; err != nil {
			return err
		}
		f.calls = append(f.calls, fmt.Sprintf("%s %s %v", call, path, exists(path)))
		return nil
	}
}

// started is this binary in a role, ended with the test.
func started(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role, "GORACE=atexit_sleep_ms=0", "GOCOVERDIR="+t.TempDir())
	cmd.Stderr = new(strings.Builder)
	return cmd
}

// play returns what this binary prints in a role.
func play(t *testing.T, role string, args ...string) string {
	t.Helper()
	cmd := started(t, role, args...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", role, err, out, cmd.Stderr)
	}
	return string(out)
}
