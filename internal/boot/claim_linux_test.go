package boot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"multiproc/internal/leak"
)

// token returns the value of the variable for a socket under a number.
func token(t *testing.T, end, fd int) string {
	t.Helper()
	entry, err := Token(end, fd)
	if err != nil {
		t.Fatal(err)
	}
	value, ok := strings.CutPrefix(entry, Variable+"=")
	if !ok {
		t.Fatalf("Token = %q", entry)
	}
	return value
}

// What nobody was started with means nothing, and is taken away.
func TestStrayTokenIsNoChild(t *testing.T) {
	_, child := pair(t)
	_, id, _ := strings.Cut(token(t, child, child), ":")
	for name, value := range map[string]string{
		"malformed":          "3",
		"nothing open":       "999999:" + id,
		"too large a number": "9223372036854775807:" + id,
		"another cookie":     fmt.Sprintf("%d:%s0", child, id),
		"no cookie":          fmt.Sprintf("%d:0", child),
		"below the standard": "1:" + id,
	} {
		t.Setenv(Variable, value)
		if fd, err := Claim(); fd != -1 || err != nil {
			t.Errorf("%s: Claim = %d, %v, want -1", name, fd, err)
		}
		if value, ok := os.LookupEnv(Variable); ok {
			t.Errorf("%s: the variable is still there: %q", name, value)
		}
	}
}

func TestWithoutTokenIsNoChild(t *testing.T) {
	t.Setenv(Variable, "") // for the restoring
	os.Unsetenv(Variable)
	if fd, err := Claim(); fd != -1 || err != nil {
		t.Errorf("Claim = %d, %v, want -1", fd, err)
	}
}

// A socket that somebody else than the parent made: here this process itself,
// as when the parent has ended and the child was given to another.
func TestSocketOfAnotherThanTheParent(t *testing.T) {
	_, child := pair(t)
	t.Setenv(Variable, token(t, child, child))
	if fd, err := Claim(); fd != child || !errors.Is(err, ErrOrphan) {
		t.Errorf("Claim = %d, %v, want %d, %v", fd, err, child, ErrOrphan)
	}
}

// A token can be right and its socket of the wrong family: nobody made it by
// Pair.
func TestSocketOfAnotherFamily(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	t.Setenv(Variable, token(t, fd, fd))
	if got, err := Claim(); got != fd || err == nil {
		t.Errorf("Claim = %d, %v, want %d and an error", got, err, fd)
	}
}

func init() {
	roles["claim"] = func() {
		fd, err := Claim()
		_, still := os.LookupEnv(Variable)
		flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		fmt.Printf("%d, %v, variable %v, cloexec %v", fd, err, still, flags == syscall.FD_CLOEXEC)
	}
	roles["pass on"] = func() { // what a shell script between the two would do
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), leak.RoleEnv+"=claim")
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "control")}
		cmd.Stdout = os.Stdout
		if err := cmd.Run(); err != nil {
			fmt.Print(err)
		}
	}
}

// claim starts the test binary with a socket and returns what Claim said there.
func claim(t *testing.T, role string, attr *syscall.SysProcAttr) string {
	t.Helper()
	_, child := pair(t)
	end, err := syscall.Dup(child)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(end), "control")
	defer file.Close()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+role, Variable+"="+token(t, child, 3), "GOCOVERDIR="+t.TempDir())
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = attr
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return out.String()
}

func TestChildFindsItsSocket(t *testing.T) {
	t.Parallel()
	if got, want := claim(t, "claim", nil), "3, <nil>, variable false, cloexec true"; got != want {
		t.Errorf("Claim = %s, want %s", got, want)
	}
}

func TestGrandchildIsNotTheChild(t *testing.T) {
	t.Parallel()
	if got, want := claim(t, "pass on", nil), "3, "+ErrOrphan.Error()+", variable false, cloexec true"; got != want {
		t.Errorf("Claim = %s, want %s", got, want)
	}
}

// Who was started by another user runs no function for that user.
func TestSocketOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as somebody else")
	}
	const nobody = 65534
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
	if got, want := claim(t, "claim", attr), "3, "+ErrForeign.Error()+", variable false, cloexec true"; got != want {
		t.Errorf("Claim = %s, want %s", got, want)
	}
}
