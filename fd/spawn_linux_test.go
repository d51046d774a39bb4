package fd_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/fd"
	"multiproc/internal/leak"
)

func init() {
	roles["see"] = see
	addScene("spawn", spawnScene)
}

// see writes to the descriptor that its argument names what it has inherited:
// what it opened itself is close-on-exec.
func see() {
	var seen strings.Builder
	open := tableByNumber(2000)
	for _, n := range sortedKeys(open) {
		if !open[n].cloexec {
			target := open[n].target
			if target != null {
				target = "it"
			}
			fmt.Fprintf(&seen, "%d=%s ", n, target)
		}
	}
	_, _ = unix.Write(numbersOf(os.Args[1])[0], []byte(seen.String()))
}

// sight has a program tell what it sees of pass, and returns that as a list of
// n=it, or n=/dev/null. What this process has must be the same afterwards.
func (s *scene) sight(pass []int) string {
	answer, err := sighted("/proc/self/exe", pass, tellFD)
	if err != nil {
		s.errorf("%v: %v", pass, err)
	}
	return answer
}

// sighted starts exe, this program, and uses tell for the answer's way, which is passed beside pass.
func sighted(exe string, pass []int, tell int) (string, error) {
	in, err := answerPipe(tell)
	if err != nil {
		return "", err
	}
	defer unix.Close(in)
	p, err := fd.SpawnPassing(exe, []string{"see", itoa(tell)}, append(pass, tell))
	unix.Close(tell)
	if err != nil {
		return "", err
	}
	// To the end: nobody else may have the other one.
	var answer bytes.Buffer
	buf := make([]byte, 1000)
	for {
		n, err := unix.Read(in, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 {
			break
		}
		answer.Write(buf[:n])
	}
	state, err := p.Wait()
	if err == nil && !state.Success() {
		err = errors.New(state.String())
	}
	return strings.TrimSpace(answer.String()), err
}

// answerPipe returns one end of a pipe whose other end is tell. Neither is one
// of the low numbers that may be free.
func answerPipe(tell int) (in int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, err
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if err := unix.Dup3(fds[1], tell, unix.O_CLOEXEC); err != nil {
		return -1, err
	}
	return unix.FcntlInt(uintptr(fds[0]), unix.F_DUPFD_CLOEXEC, 80)
}

// spawnScene: sandbox, soft limit (0 for as it is), numbers of 0-2 that are
// closed, further strays, how many descriptors of our own, pass.
func spawnScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	s.startPoller()
	closed, strays, pass := numbersOf(args[2]), numbersOf(args[3]), numbersOf(args[5])
	s.open(false, 20, 21, 40)
	s.open(true, 17, 50)
	s.open(false, strays...)
	for n := range numbersOf(args[4])[0] {
		s.open(true, 1000+n)
	}
	for _, n := range pass {
		if n > 2 && unix.Access("/proc/self/fd/"+itoa(n), unix.F_OK) != nil {
			s.open(true, n)
		}
	}
	if soft := numbersOf(args[1])[0]; soft > 0 {
		var now unix.Rlimit
		s.must(unix.Getrlimit(unix.RLIMIT_NOFILE, &now))
		s.limit(uint64(soft), now.Max)
	}
	for _, n := range closed {
		s.must(unix.Close(n))
	}
	before := table()
	s.enter(args[0])
	threads := len(numberOfThreads())

	want := map[int]string{tellFD: "it"}
	for n := range 3 {
		want[n] = "it"
		if before[n].target == null || contains(closed, n) {
			want[n] = null
		}
	}
	for _, n := range pass {
		want[n] = cmpOr(want[n], "it")
	}
	var list []string
	for _, n := range sortedKeys(want) {
		list = append(list, fmt.Sprintf("%d=%s", n, want[n]))
	}
	if full := numbersOf(args[1])[0] > 0; full && args[0] == "no private table" {
		_, err := fd.SpawnPassing("/proc/self/exe", []string{"see"}, pass)
		if e, ok := errors.AsType[*fd.Error](err); !ok || !errors.Is(err, syscall.EMFILE) {
			s.errorf("%v, %v", e, err)
		}
		return
	}
	for range 3 {
		if got := s.sight(pass); got != strings.Join(list, " ") {
			s.errorf("the program sees %s, want %v", got, list)
		}
	}
	s.compare("afterwards", table(), before)
	if now := len(numberOfThreads()); now > threads+6 {
		s.errorf("%d threads, %d before", now, threads)
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func numberOfThreads() []os.DirEntry {
	threads, _ := os.ReadDir("/proc/self/task")
	return threads
}

func TestSpawnPassing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ limit, closed, strays, own, pass string }{
		"nothing":                {},
		"some":                   {pass: "17 50"},
		"duplicates":             {pass: "50 17 50 50"},
		"standard ones too":      {pass: "0 17 2"},
		"an inherited one":       {pass: "21"},
		"a high one":             {pass: "17 800"},
		"a high stray":           {strays: "900", pass: "17"},
		"the highest":            {limit: "1100", pass: "1099"},
		"the highest of few":     {limit: "1000", strays: "999", pass: "17 998"},
		"the highest, and low":   {limit: "100", pass: "17 99"},
		"0 closed":               {closed: "0", pass: "17"},
		"1 and 2 closed":         {closed: "1 2", pass: "50"},
		"all closed":             {closed: "0 1 2", pass: "17"},
		"all closed, a high one": {closed: "0 1 2", strays: "900", pass: "17"},
		"a thousand open":        {own: "1000", pass: "17 1500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEach(t, "spawn", cmpOr(c.limit, "0"), c.closed, c.strays, cmpOr(c.own, "0"), c.pass)
		})
	}
}
