package fd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
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
	addScene("spawn fails", spawnFailsScene)
	addScene("spawn nonblocking", nonblockingScene)
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
	answer, err := sighted("/proc/self/exe", pass, reportFD-1)
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
	return unix.FcntlInt(uintptr(fds[0]), unix.F_DUPFD_CLOEXEC, 600)
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
	if soft := numbersOf(args[1])[0]; soft > 0 {
		var now unix.Rlimit
		s.must(unix.Getrlimit(unix.RLIMIT_NOFILE, &now))
		s.limit(uint64(soft), now.Max)
	}
	for _, n := range pass {
		if n > 2 && unix.Access("/proc/self/fd/"+itoa(n), unix.F_OK) != nil {
			s.open(true, n)
		}
	}
	for _, n := range closed {
		s.must(unix.Close(n))
	}
	before := table()
	s.enter(args[0])
	threads := len(numberOfThreads())

	want := map[int]string{reportFD - 1: "it"}
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

// spawnFailsScene: sandbox, path of a file that can't be executed, stray.
func spawnFailsScene(s *scene, args []string) {
	s.enter(args[0])
	s.startPoller()
	s.open(false, numbersOf(args[2])...)
	s.open(true, 17)
	before := table()
	for range failures / 2 {
		for path, want := range map[string]error{args[1] + "/not there": syscall.ENOTDIR, args[1]: syscall.EACCES} {
			p, err := fd.SpawnPassing(path, []string{"x"}, []int{17})
			e, ok := errors.AsType[*fs.PathError](err)
			if p != nil || !ok || err != error(e) || !errors.Is(err, want) || e.Op != "fork/exec" || e.Path != path {
				s.errorf("%v, %v, want %v", p, err, want)
				return
			}
		}
	}
	s.compare("afterwards", table(), before)
	if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		s.errorf("a child is left: wait4: %v", err)
	}
	for n, want := range map[int]error{-1: fd.ErrNegative, 18: syscall.EBADF, math.MaxInt32: syscall.EBADF} {
		_, err := fd.SpawnPassing("/not/there", nil, []int{17, n})
		e, ok := errors.AsType[*fd.Error](err)
		if !ok || e.FD != n || e.Op != "pass" || !errors.Is(err, want) {
			s.errorf("passing %d: %v", n, err)
		}
	}
}

func TestSpawnFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("sparse", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "", file, "40")
	})
	t.Run("private", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "", file, "900")
	})
	t.Run("private, no close_range", func(t *testing.T) {
		t.Parallel()
		play(t, "spawn fails", "close_range: EPERM", file, "900")
	})
}

// nonblockingScene passes a pipe of the poller's, and one that blocks.
func nonblockingScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	s.open(false, numbersOf(args[0])...)
	r, w, err := os.Pipe()
	s.must(err)
	defer w.Close()
	n := numberOf(s, r)
	flags := func() int {
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
		s.must(err)
		return flags
	}
	for range 2 {
		before := flags()
		s.sight([]int{n})
		if now := flags(); now != before {
			s.errorf("flags %o, were %o", now, before)
		}
		_ = unix.SetNonblock(n, false)
	}
}

func TestFlagsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	play(t, "spawn nonblocking", "40")
	play(t, "spawn nonblocking", "900")
}

// Whoever starts programs meanwhile gets what he passes, and nobody else's.
func TestSpawnBesideOsExec(t *testing.T) {
	t.Parallel()
	play(t, "spawn beside", "40")
	play(t, "spawn beside", "900")
}

func init() { addScene("spawn beside", besideScene) }

func besideScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	s.open(false, numbersOf(args[0])...)
	const each, rounds = 3, 8
	results := make(chan string)
	for i := range each {
		go func() { // by SpawnPassing
			for range rounds {
				tell := 700 + i
				got, err := sighted("/proc/self/exe", nil, tell)
				if want := fmt.Sprintf("%d=it", tell); err != nil || !strings.HasSuffix(got, want) || strings.Count(got, "=") != 4 {
					results <- fmt.Sprintf("got %q, %v, want %s", got, err, want)
					continue
				}
				results <- ""
			}
		}()
		go func() { // by os/exec: 3 is passed, and the stray is inherited
			for range rounds {
				results <- besideOsExec(args[0])
			}
		}()
	}
	for range 2 * each * rounds {
		if r := <-results; r != "" {
			s.errorf("%s", r)
		}
	}
}

func besideOsExec(stray string) string {
	r, w, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err.Error()
	}
	defer null.Close()
	p, err := os.StartProcess("/proc/self/exe", []string{"see", "3"}, &os.ProcAttr{Files: []*os.File{null, null, null, w}})
	w.Close()
	if err != nil {
		return err.Error()
	}
	got, err := io.ReadAll(r)
	state, werr := p.Wait()
	fields := strings.Fields(string(got))
	// What this test inherited itself comes along.
	if err != nil || werr != nil || !state.Success() || !slices.Contains(fields, "3=it") || !slices.Contains(fields, stray+"=it") {
		return fmt.Sprintf("os/exec: %q, %v, %v", got, err, werr)
	}
	for _, f := range fields {
		if strings.HasPrefix(f, "7") && len(f) == len("700=it") {
			return fmt.Sprintf("os/exec: %q", got)
		}
	}
	return ""
}
