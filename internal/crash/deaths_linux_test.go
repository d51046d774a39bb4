package crash

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc/internal/leak"
	"multiproc/internal/sys"
)

// deathEnv makes the test binary a child that captures its last words in a
// slot and dies in one of these ways.
const deathEnv = "CRASH_TEST_DEATH"

var deaths = map[string]struct {
	die  func()
	says string // the line that the crash begins with
}{
	"stack overflow": {
		func() { debug.SetMaxStack(1 << 20); println(deeper(nil, 1)) },
		"\nfatal error: stack overflow\n",
	},
	"unlock of an unlocked mutex": {func() { new(sync.Mutex).Unlock() }, "fatal error: sync: unlock of unlocked mutex\n"},
	"nil dereference":             {func() { var p *int; *p = 1 }, "panic: runtime error: invalid memory address"},
	"SIGQUIT": {func() {
		_ = unix.Kill(os.Getpid(), syscall.SIGQUIT)
		time.Sleep(time.Hour)
	}, "SIGQUIT: quit\n"},
	"panic in a deferred call": {func() {
		defer panic("second")
		panic("first")
	}, "panic: first\n"},
	"with a file for the crash": {func() { // which the runtime writes to as well
		file, err := os.CreateTemp("", "crash")
		if err == nil {
			os.Remove(file.Name())
			err = debug.SetCrashOutput(file, debug.CrashOptions{})
		}
		if err != nil {
			os.Exit(0)
		}
		panic("told twice")
	}, "panic: told twice\n"},
	"after what the program wrote itself": {func() {
		fmt.Fprintln(os.Stderr, "panic: not from the runtime")
		println(strings.Repeat("noise\n", ringSize/4))
		panic("at last")
	}, "panic: at last\n"},
}

//go:noinline
func deeper(p *[100]byte, n int) int {
	if n == 0 { // never
		return 0
	}
	var next [100]byte
	if p != nil {
		next[0] = p[0] + 1
	}
	return deeper(&next, n+1) + int(next[0])
}

func init() {
	name, slot, ok := strings.Cut(os.Getenv(deathEnv), ":")
	if !ok {
		return
	}
	index, err := strconv.Atoi(slot)
	if err == nil {
		err = Capture(3, index)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = sys.Close(3)
	deaths[name].die()
}

// Children that die at the same time, each with a slot of one area.
func TestDeathsSideBySide(t *testing.T) {
	t.Parallel()
	area := NewArea()
	t.Cleanup(func() {
		area.Close()
		if area.fd != -1 {
			t.Error("a slot is left in use")
		}
	})
	for range 2 {
		for name, death := range deaths {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := area.Take()
				defer s.Release()
				fd, err := unix.FcntlInt(uintptr(s.FD()), unix.F_DUPFD_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				memory := os.NewFile(uintptr(fd), "memory")
				defer memory.Close()
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", deathEnv, name, s.Index()), "GOTRACEBACK=single")
				cmd.ExtraFiles = []*os.File{memory}
				var out strings.Builder
				cmd.Stderr = &out
				if err := cmd.Run(); err == nil {
					t.Fatalf("it did not die\n%s", &out)
				}
				text := s.Text()
				if strings.Count(text, death.says) != 1 || !strings.Contains(text, "\ngoroutine ") {
					t.Errorf("%q is not once in\n%s", death.says, text)
				}
				if strings.Contains(text, "not from the runtime") {
					t.Errorf("what the program wrote itself is in\n%.200s", text)
				}
				if before, _, ok := strings.Cut(text, death.says); ok && len(before) > lead {
					t.Errorf("%d bytes before the crash", len(before))
				}
			})
		}
	}
}

// The slot of a child whose text can't be erased is not given to another.
func TestSlotThatCannotBeErased(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/memory"
	if err := os.WriteFile(path, crashed("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := &Area{fd: int(file.Fd()), size: 2}
	s := a.Take()
	if got := s.Text(); got != "text" {
		t.Errorf("text %q", got)
	}
	s.Release()
	next := a.Take()
	if next.Index() != 1 {
		t.Errorf("slot %d was taken after slot 0", next.Index())
	}
	if again := a.Take(); again != nil { // the file can't grow either
		t.Errorf("slot %d of an area with two", again.Index())
	}
	next.Release()
	a.Close() // one slot is lost
	if a.fd < 0 {
		t.Error("closed with a slot in use")
	}
}

func init() { roles["no descriptors"] = playNoDescriptors }

// playNoDescriptors says whether there is a slot while no descriptor is to be
// had, and then.
func playNoDescriptors() {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		panic(err)
	}
	a := NewArea()
	for _, limit := range []uint64{0, files.Cur} {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: files.Max}); err != nil {
			panic(err)
		}
		s := a.Take()
		fmt.Print(s != nil, " ")
		s.Release()
		a.Close()
	}
}

// Without shared memory a child runs all the same; and the next one may have it.
func TestAreaWithoutMemory(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), leak.RoleEnv+"=no descriptors")
	if out, err := cmd.Output(); string(out) != "false true " || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}
