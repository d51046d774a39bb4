package fd_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc/fd"
)

func itoa(n int) string { return strconv.Itoa(n) }

func init() {
	addScene("alive", aliveScene)
	addScene("alive before the poller", func(s *scene, _ []string) {
		s.must(fd.CloseAllExcept())
		s.useEverything()
	})
	addScene("victim", victimScene)
	addScene("crash", func(s *scene, args []string) {
		f, err := os.Create(args[0])
		s.must(err)
		s.must(debug.SetCrashOutput(f, debug.CrashOptions{}))
		f.Close()
		s.must(fd.CloseAllExcept())
		panic("the last words")
	})
}

// useEverything uses what the runtime needs descriptors for.
func (s *scene) useEverything() {
	time.Sleep(time.Millisecond) // a timer, the longer of which wake the poller
	r, w, err := os.Pipe()
	s.must(err)
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	_, err = w.WriteString("through the poller")
	s.must(err)
	s.must(r.SetReadDeadline(time.Now().Add(time.Minute)))
	w.Close()
	if got := <-read; got != "through the poller" {
		s.errorf("read %q", got)
	}
	out, err := exec.Command("/bin/sh", "-c", "echo up").Output()
	if err != nil || string(out) != "up\n" {
		s.errorf("os/exec: %q, %v", out, err)
	}
	runtime.GC()
	runtime.GOMAXPROCS(3)
	runtime.SetDefaultGOMAXPROCS() // reads the cgroup
}

// Kept descriptors work on, also for goroutines that wait by them already.
func aliveScene(s *scene, _ []string) {
	r, w, err := os.Pipe()
	s.must(err)
	cmd := exec.Command("/bin/sh", "-c", "read line; exit 7")
	stdin, err := cmd.StdinPipe()
	s.must(err)
	s.must(cmd.Start())
	keep := []int{numberOf(s, r), numberOf(s, w), numberOf(s, stdin.(*os.File))}
	s.must(cmd.Process.WithHandle(func(h uintptr) { keep = append(keep, int(h)) }))

	read, waited := make(chan string), make(chan error)
	reading := make(chan struct{})
	go func() {
		close(reading)
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	go func() {
		_, err := cmd.Process.Wait()
		waited <- err
	}()
	<-reading
	s.must(fd.CloseAllExcept(keep...))
	s.useEverything()
	_, err = w.WriteString("kept")
	s.must(err)
	w.Close()
	if got := <-read; got != "kept" {
		s.errorf("a blocked Read got %q", got)
	}
	stdin.Close()
	if err := <-waited; err != nil {
		s.errorf("Wait = %v", err)
	}
}

func numberOf(s *scene, f *os.File) (n int) {
	conn, err := f.SyscallConn()
	s.must(err)
	s.must(conn.Control(func(fd uintptr) { n = int(fd) }))
	return n
}

// Files that were dropped must not close what others open later.
func victimScene(s *scene, args []string) {
	dropped := func() (numbers []int) {
		for range 20 {
			f, err := os.Open("/proc/self/status")
			s.must(err)
			numbers = append(numbers, int(f.Fd()))
		}
		return numbers
	}()
	s.must(fd.CloseAllExcept())
	var victims []int
	for range 20 {
		n, err := unix.Open(args[0], unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		s.must(err)
		victims = append(victims, n)
	}
	for _, n := range dropped {
		// Closed by the collector, as nobody else would.
		for unix.Fstat(n, new(unix.Stat_t)) == nil {
			runtime.GC()
			runtime.Gosched()
		}
	}
	for _, n := range victims {
		if _, err := unix.Write(n, []byte("x")); err != nil {
			s.errorf("victim %d: %v", n, err)
		}
	}
}

func TestStaysAlive(t *testing.T) {
	t.Parallel()
	play(t, "alive")
	play(t, "alive before the poller")
}

func TestVictimIsUnharmed(t *testing.T) {
	t.Parallel()
	play(t, "victim", filepath.Join(t.TempDir(), "database"))
}

// The crash text goes where debug.SetCrashOutput says, and SetCrashOutput
// itself is none the wiser.
func TestCrashOutputIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "crash")
	out, err := sceneCommand(t, "crash", path).CombinedOutput()
	if err == nil || len(out) > 0 { // both streams were replaced
		t.Errorf("%v, %q", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "the last words") {
		t.Errorf("%q, %v", text, err)
	}
}
