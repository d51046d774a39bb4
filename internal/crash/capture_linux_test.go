package crash

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/internal/sys"
)

// dieEnv makes the test binary a child that captures its last words in the
// slot whose number is the value, and then dies of what dieOf says.
const (
	dieEnv = "CRASH_TEST_SLOT"
	dieOf  = "CRASH_TEST_PANIC"
)

func init() {
	var slot, length int
	if n, _ := fmt.Sscan(os.Getenv(dieEnv), &slot, &length); n != 2 {
		return
	}
	if err := Capture(3, slot); err != nil {
		panic(err)
	}
	if err := sys.Close(3); err != nil {
		panic(err)
	}
	println("an ordinary line")
	if length >= 0 {
		panic(strings.Repeat(os.Getenv(dieOf), length))
	}
	os.Exit(0)
}

// dying runs a child that panics with word, so many times; it dies of nothing
// if that is negative.
func dying(t *testing.T, s *Slot, word string, times int) (stderr string) {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(s.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	memory := os.NewFile(uintptr(fd), "memory")
	defer memory.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", dieEnv, s.Index(), times), dieOf+"="+word, "GOTRACEBACK=single")
	cmd.ExtraFiles = []*os.File{memory}
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Run(); (err == nil) != (times < 0) {
		t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

func TestLastWordsOfAChild(t *testing.T) {
	t.Parallel()
	area := NewArea()
	defer area.Close()
	first, second := area.Take(), area.Take()
	defer first.Release()
	defer second.Release()
	if all := dying(t, second, "of something", 1); !strings.HasSuffix(all, second.Text()) {
		t.Errorf("the text is not the end of what was written:\n%s\nbut\n%s", all, second.Text())
	}
	if got := second.Text(); !strings.HasPrefix(got, "an ordinary line\npanic: of something\n") || !strings.Contains(got, "\ngoroutine 1 ") {
		t.Errorf("text:\n%s", got)
	}
	if got := first.Text(); got != "" {
		t.Errorf("another child's text:\n%s", got)
	}
}

func TestChildThatDoesNotCrashHasNoText(t *testing.T) {
	t.Parallel()
	area := NewArea()
	defer area.Close()
	s := area.Take()
	defer s.Release()
	if all := dying(t, s, "", -1); all != "an ordinary line\n" {
		t.Errorf("it wrote %q", all)
	}
	if got := s.Text(); got != "" || !s.used() {
		t.Errorf("text %q, used: %v; want none, of a slot that holds something", got, s.used())
	}
}

// Of a text that does not fit the head stays, which tells why; standard error
// has it all.
func TestOverlongTextKeepsItsHead(t *testing.T) {
	t.Parallel()
	area := NewArea()
	defer area.Close()
	s := area.Take()
	defer s.Release()
	all := dying(t, s, "0123456789", ringSize/5)
	got := s.Text()
	if !strings.HasPrefix(got, "an ordinary line\npanic: 0123456789") || !strings.HasPrefix(all, got) {
		t.Errorf("it is not the head of what was written: %.200q", got)
	}
	if want := len("an ordinary line\n") + ringSize - lead; len(got) != want || len(all) < 2*ringSize {
		t.Errorf("%d bytes of %d, want %d", len(got), len(all), want)
	}
}

func TestCaptureRefusesWhatIsNoMemory(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, c := range []struct{ fd, index int }{{-1, 0}, {1 << 20, 0}, {int(w.Fd()), 0}, {int(w.Fd()), -1}} {
		if err := Capture(c.fd, c.index); err == nil || own != nil || overrideWrite != nil {
			t.Errorf("Capture(%d, %d) = %v, own %p", c.fd, c.index, err, own)
		}
	}
}
