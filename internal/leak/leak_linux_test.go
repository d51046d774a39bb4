package leak

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kept holds what a role leaks, for the collector would close some of it.
var kept []any

func init() {
	roles["child"] = func() int { return check(sleeper().Start()) }
	roles["marked orphan"] = func() int { return orphan(os.Environ()) }
	roles["bare orphan"] = func() int { return orphan([]string{"PATH=" + os.Getenv("PATH")}) }
	roles["clean stranger"] = func() int { return orphan(unmarked()) }
	roles["clean neighbour"] = func() int { return orphan([]string{MarkEnv + "=somebody's"}) }
	roles["daemon"] = daemon
	roles["zombie"] = zombie
	roles["descriptor"] = func() int { return open(os.Args[0]) }
	roles["replaced descriptor"] = func() int {
		kept = append(kept, os.NewFile(3, "given"))
		dir, err := os.Open("/")
		if err != nil {
			return check(err)
		}
		defer dir.Close()
		return check(syscall.Dup3(int(dir.Fd()), 3, syscall.O_CLOEXEC))
	}
	roles["dropped file"] = func() int { _, err := os.Open(os.Args[0]); return check(err) }
	roles["clean stdin"] = func() int {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return check(err)
		}
		defer null.Close()
		return check(syscall.Dup3(int(null.Fd()), 0, 0))
	}
	roles["epoll"] = func() int { _, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); return check(err) }
	roles["shm"] = func() int { return check(os.WriteFile(os.Getenv("SHM"), nil, 0o600)) }
	roles["clean shm"] = func() int {
		fmt.Println("ready")
		_, err := io.ReadAll(os.Stdin)
		return check(err)
	}
}

// daemonEnv makes the test binary a daemon, or the parent that it loses, before
// anything else is done.
const daemonEnv = "LEAK_TEST_DAEMON"

func init() {
	switch os.Getenv(daemonEnv) {
	case "parent":
		os.Exit(check(self("daemon").Start()))
	case "daemon":
		time.Sleep(time.Minute) // it is killed long before
	}
}

// self is this program with nothing of our environment.
func self(part string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{daemonEnv + "=" + part}
	return cmd
}

// sleeper is a program that only a signal ends, in good time.
func sleeper() *exec.Cmd {
	cmd := exec.Command("sleep", "60")
	kept = append(kept, cmd)
	return cmd
}

// orphan leaves a sleeper whose parent has ended, and prints its number.
func orphan(env []string) int {
	cmd := exec.Command("/bin/sh", "-c", "sleep 60 </dev/null >/dev/null 2>&1 & echo $!")
	cmd.Env = env
	cmd.Stdout = os.Stdout
	return check(cmd.Run())
}

// daemon leaves a copy of this program in a session of its own, with nothing of
// our environment, and no parent.
func daemon() int {
	cmd := self("parent")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return check(cmd.Run())
}

func unmarked() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, MarkEnv+"=") {
			env = append(env, v)
		}
	}
	return env
}

func zombie() int {
	r, w, err := os.Pipe()
	if err != nil {
		return check(err)
	}
	defer r.Close()
	cmd := exec.Command("true")
	cmd.ExtraFiles = []*os.File{w}
	kept = append(kept, cmd)
	err = cmd.Start()
	w.Close()
	io.Copy(io.Discard, r) // its end closed the pipe
	return check(err)
}

func open(path string) int {
	f, err := os.Open(path)
	kept = append(kept, f)
	return check(err)
}

func TestHostLeaksFail(t *testing.T) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		role  string
		parts []string
	}{
		{"child", []string{`"sleep 60": it is a descendant`, "leak: killed process"}},
		{"marked orphan", []string{`"sleep 60": it has this run's mark`, "leak: killed process"}},
		{"bare orphan", []string{`"sleep 60": it is an orphan in this session`}},
		{"daemon", []string{"it is an orphan that runs this very program"}},
		{"zombie", []string{"zombie", "(true): it has ended and nobody has waited for it"}},
		{"descriptor", []string{": " + exe + "\n"}},
		{"dropped file", []string{": " + exe + "\n"}},
		{"replaced descriptor", []string{"descriptor 3: /\n"}},
		{"epoll", []string{": anon_inode:[eventpoll]\n"}},
	} {
		t.Run(c.role, func(t *testing.T) {
			// Two gates at once would guess at the same orphans.
			if !strings.Contains(c.parts[0], "orphan") {
				t.Parallel()
			}
			cmd, stderr := command(t, c.role)
			cmd.ExtraFiles = []*os.File{os.Stderr}
			expect(t, cmd, stderr, 1, c.parts...)
			for _, m := range regexp.MustCompile(`process (\d+), `).FindAllStringSubmatch(stderr.String(), -1) {
				kill(t, m[1]) // the guesses are spared by the gate
			}
		})
	}
}

// What became of the standard streams is not for the gate to say.
func TestStandardStreamsAreFree(t *testing.T) {
	t.Parallel()
	cmd, stderr := command(t, "clean stdin")
	cmd.Stdin = strings.NewReader("a pipe")
	expect(t, cmd, stderr, 0)
}

// A process that can't be looked at closely is judged by what stat tells.
func TestClaim(t *testing.T) {
	us := newLineage("", processes())
	t.Run("here", func(t *testing.T) { testClaim(t, us) })
	us.session = 0 // its leader is outside this pid namespace
	t.Run("session from outside", func(t *testing.T) { testClaim(t, us) })
}

func testClaim(t *testing.T, us lineage) {
	base := process{pid: 1 << 30, ppid: 1, session: us.session, state: 'S', start: us.start}
	for _, c := range []struct {
		name   string
		change func(*process)
		claim  bool
	}{
		{"an orphan in this session", func(*process) {}, true},
		{"a child", func(p *process) { p.ppid = us.pid }, true},
		{"a zombie of ours", func(p *process) { p.ppid, p.state = us.pid, 'Z' }, true},
		{"a zombie of init's", func(p *process) { p.state = 'Z' }, false},
		{"in another session", func(p *process) { p.session++ }, false},
		{"a child of somebody", func(p *process) { p.ppid = us.ppid }, us.reapers[us.ppid]},
	} {
		p := base
		c.change(&p)
		if l, ok := us.claim(p, map[int]process{p.pid: p}); ok != c.claim {
			t.Errorf("%s: claimed %v (%v), want %v", c.name, ok, l, c.claim)
		}
	}
}

// Another job of the same shell, or another package's, is no leak of ours.
func TestStrangersAreNotOurs(t *testing.T) {
	for _, role := range []string{"clean stranger", "clean neighbour"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			cmd, stderr := command(t, role)
			// The mark must not be there from the start: the stranger shares all else.
			cmd.Env = append(unmarked(), cmd.Env[len(cmd.Env)-2:]...)
			var stdout strings.Builder
			cmd.Stdout = &stdout
			expect(t, cmd, stderr, 0)
			kill(t, strings.TrimSpace(stdout.String()))
		})
	}
}

func kill(t *testing.T, number string) {
	t.Helper()
	pid, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		t.Error(err)
	}
}

func TestSharedMemory(t *testing.T) {
	path := filepath.Join(shm, "multiproc-leak-test-"+strconv.Itoa(os.Getpid()))
	t.Cleanup(func() { os.Remove(path) })
	cmd, stderr := command(t, "shm")
	cmd.Env = append(cmd.Env, "SHM="+path)
	expect(t, cmd, stderr, 1, "shared memory "+strconv.Quote(path))
}

// /dev/shm belongs to all: what somebody else has open there is not ours.
func TestSharedMemoryOfOthers(t *testing.T) {
	path := filepath.Join(shm, "multiproc-leak-other-"+strconv.Itoa(os.Getpid()))
	t.Cleanup(func() { os.Remove(path) })
	cmd, stderr := command(t, "clean shm")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr)
	}
}

func TestParseStat(t *testing.T) {
	self, ok := readProcess(os.Getpid())
	if !ok || self.pid != os.Getpid() || self.ppid != os.Getppid() || self.state == 0 || self.start == 0 {
		t.Errorf("readProcess of this process = %+v, %v", self, ok)
	}
	line := "7 (a) b (c)) Z 1 2 3" + strings.Repeat(" 0", 15) + " 99 0\n"
	if p, ok := parseStat(line); !ok || p != (process{7, 1, 3, 'Z', 99, "a) b (c)"}) {
		t.Errorf("parseStat = %+v, %v", p, ok)
	}
	for _, bad := range []string{"", "7", "7 (a)", ") (", "7 (a) Z 1 2 3", strings.Replace(line, "99", "x", 1)} {
		if p, ok := parseStat(bad); ok {
			t.Errorf("parseStat(%q) = %+v", bad, p)
		}
	}
}

// Whatever a process calls itself, its other fields are read right.
func FuzzParseStat(f *testing.F) {
	f.Add("sleep")
	f.Add(") Z 1 (")
	f.Fuzz(func(t *testing.T, comm string) {
		line := fmt.Sprintf("7 (%s) S 1 2 3%s 99 0\n", comm, strings.Repeat(" 0", 15))
		if p, ok := parseStat(line); !ok || p != (process{7, 1, 3, 'S', 99, comm}) {
			t.Errorf("parseStat(%q) = %+v, %v", line, p, ok)
		}
	})
}
