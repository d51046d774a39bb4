package fd_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"multiproc/internal/leak"
	"multiproc/internal/sandbox"
	"multiproc/internal/sys"
)

// What closes the descriptors of a whole process is tried in a process of its
// own, which finds fault with itself: a scene.
type scene struct {
	report *os.File // kept as multiproc's own are, so that no list has to name it
	faults []string
}

func (s *scene) errorf(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

func (s *scene) must(err error) {
	if err != nil {
		s.errorf("%v", err)
		s.end()
	}
}

// over is what a scene without faults says: nothing would be what one says
// that has lost its report.
const over = "over"

func (s *scene) end() {
	fmt.Fprint(s.report, strings.Join(append(s.faults, over), "\n"))
	os.Exit(0)
}

// reportFD is out of the way of the numbers that scenes use.
const (
	reportFD = 990
	sourceFD = 991
	tellFD   = 60 // low, for a sparse table
)

// addScene makes a role of a scene. Its arguments are the program's.
func addScene(name string, play func(s *scene, args []string)) {
	roles[name] = func() {
		s := &scene{report: os.NewFile(reportFD, "report")}
		if err := unix.Dup3(1, reportFD, unix.O_CLOEXEC); err != nil {
			fmt.Print(err)
			return
		}
		sys.Reserve(reportFD)
		play(s, os.Args[1:])
		s.end()
	}
}

// sceneCommand is the test binary in a role.
func sceneCommand(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), leak.RoleEnv+"="+name, "GOCOVERDIR="+t.TempDir())
	return cmd
}

// play fails the test with what the scene found.
func play(t *testing.T, name string, args ...string) {
	t.Helper()
	run(t, sceneCommand(t, name, args...))
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || string(out) != over {
		t.Errorf("%v: %v\n%s\n%s", cmd.Args[1:], err, out, &stderr)
	}
}

// An entry is what a number means.
type entry struct {
	target  string
	cloexec bool
}

const null = "/dev/null"

// table reads what is open by other means than package fd's.
func table() map[int]entry {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	open := map[int]entry{}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil {
			continue // the listing's own
		}
		n, _ := strconv.Atoi(e.Name())
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
		if err == nil {
			open[n] = entry{target, flags&unix.FD_CLOEXEC != 0}
		}
	}
	return open
}

// isRuntimes tells a descriptor of the Go runtime's, in a process that has no
// epoll, eventfd or cgroup file of its own.
func isRuntimes(e entry) bool {
	switch path.Base(e.target) {
	case "anon_inode:[eventpoll]", "anon_inode:[eventfd]", "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us":
		return true
	}
	return false
}

// compare finds the differences between tables. The runtime may have opened
// something meanwhile.
func (s *scene) compare(what string, got, want map[int]entry) {
	for n, e := range want {
		if got[n] != e {
			s.errorf("%s: %d is %v, want %v", what, n, got[n], e)
		}
	}
	for n, e := range got {
		if _, ok := want[n]; !ok && !isRuntimes(e) {
			s.errorf("%s: %d is %v, want it closed", what, n, e)
		}
	}
}

// open makes numbers mean a file, close-on-exec or not.
func (s *scene) open(cloexec bool, numbers ...int) {
	source, err := unix.Open("/proc/self/status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	s.must(err)
	defer unix.Close(sourceFD)
	defer func() { _ = unix.Close(source) }()
	s.must(unix.Dup3(source, sourceFD, unix.O_CLOEXEC))
	flags := 0
	if cloexec {
		flags = unix.O_CLOEXEC
	}
	for _, n := range numbers {
		if n == source { // freed, to be meant
			s.must(unix.Close(source))
			source = -1
		}
		s.must(unix.Dup3(sourceFD, n, flags))
	}
}

// startPoller makes the runtime open what it waits by.
func (s *scene) startPoller() {
	r, w, err := os.Pipe()
	s.must(err)
	r.Close()
	w.Close()
}

// limit sets RLIMIT_NOFILE.
func (s *scene) limit(soft, hard uint64) {
	s.must(unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: soft, Max: hard}, nil))
}

// sandboxes refuse what there was not always.
var sandboxes = map[string]func() error{
	"": func() error { return nil },
	"close_range: ENOSYS": func() error {
		return sandbox.Refuse(unix.SYS_CLOSE_RANGE, sandbox.Any, syscall.ENOSYS)
	},
	"close_range: EPERM": func() error {
		return sandbox.Refuse(unix.SYS_CLOSE_RANGE, sandbox.Any, syscall.EPERM)
	},
	"no private table": func() error {
		if err := sandbox.Refuse(unix.SYS_CLOSE_RANGE, sandbox.Any, syscall.EPERM); err != nil {
			return err
		}
		return sandbox.Refuse(unix.SYS_UNSHARE, sandbox.Any, syscall.EPERM)
	},
}

// inEach plays a scene in every sandbox, whose name is its first argument.
func inEach(t *testing.T, name string, args ...string) {
	t.Helper()
	for box := range sandboxes {
		t.Run(box, func(t *testing.T) {
			t.Parallel()
			play(t, name, append([]string{box}, args...)...)
		})
	}
}

func (s *scene) enter(box string) { s.must(sandboxes[box]()) }

func numbersOf(list string) (numbers []int) {
	for field := range strings.FieldsSeq(list) {
		n, err := strconv.Atoi(field)
		if err != nil {
			panic(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// someOf picks numbers up to top, with duplicates, in no order.
func someOf(r *rand.Rand, top int) []int {
	list := make([]int, r.IntN(12))
	for i := range list {
		list[i] = r.IntN(top)
	}
	return list
}

func seeds() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

func seeded(seed string) *rand.Rand {
	n, _ := strconv.ParseUint(seed, 10, 64)
	return rand.New(rand.NewPCG(n, n))
}

func contains(list []int, n int) bool { return slices.Contains(list, n) }
