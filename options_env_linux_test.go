package multiproc_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// lifePlaced is where a process is.
type lifePlaced struct {
	Dir, Comm      string
	Args           []string
	Group, Session int
}

var lifePlace = multiproc.NewFunc("life-place", func(context.Context, struct{}) (p lifePlaced, err error) {
	if p.Dir, err = os.Readlink("/proc/self/cwd"); err != nil {
		return p, err
	}
	comm, err := os.ReadFile("/proc/self/comm")
	p.Comm, p.Args = strings.TrimSpace(string(comm)), os.Args
	p.Group = syscall.Getpgrp()
	p.Session, _ = lifeSession(os.Getpid())
	return p, err
})

// lifeSession returns the session and the process group of a process.
func lifeSession(pid int) (session, group int) {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	group, _ = strconv.Atoi(f[2])
	session, _ = strconv.Atoi(f[3])
	return session, group
}

// What is the parent's at Start, and what Options change of it.
func TestWhereAChildIs(t *testing.T) {
	t.Parallel()
	own, err := os.Readlink("/proc/self/cwd")
	if err != nil {
		t.Fatal(err)
	}
	session, _ := lifeSession(os.Getpid())
	dir := t.TempDir()
	for name, c := range map[string]struct {
		opts multiproc.Options
		dir  string
		comm string
	}{
		"plain":    {multiproc.Options{Name: "place"}, own, "place"},
		"Dir":      {multiproc.Options{Name: "a name of more than 15 bytes", Dir: dir}, dir, "a name of more "},
		"Detached": {multiproc.Options{Name: "place", Detached: true}, own, "place"},
	} {
		p := lifeStart(t, lifePlace.With(c.opts), struct{}{})
		got, err := p.Result(lifeCtx(t))
		if err != nil {
			t.Fatal(name, err)
		}
		if got.Dir != c.dir || got.Comm != strings.TrimSpace(c.comm) || !slices.Equal(got.Args, os.Args) {
			t.Errorf("%s: %+v", name, got)
		}
		if (got.Session == session) == c.opts.Detached || got.Group != p.PID() {
			t.Errorf("%s: session %d, group %d of %d", name, got.Session, got.Group, p.PID())
		}
	}
}

// The environment is the parent's, or what Options say, and shows nothing of
// how the child was started.
func TestEnvironmentOfAChild(t *testing.T) {
	t.Parallel()
	inherited, err := lifeEnv.Call(lifeCtx(t), nil)
	if want := os.Environ(); !lifeSameEnv(inherited, want) || err != nil {
		t.Errorf("the child inherited %q, %v\nwant %q", inherited, err, want)
	}
	for _, env := range [][]string{{}, {"A=1"}, {"A=1", "B=two words", "C=", "D=a=b"}, {"A=\xff"}} {
		got, err := lifeEnv.With(multiproc.Options{Env: env}).Call(lifeCtx(t), nil)
		got = slices.DeleteFunc(got, func(e string) bool { // these show, see TestSettingsTravel
			return strings.HasPrefix(e, "GODEBUG=") || strings.HasPrefix(e, "GOCOVERDIR=")
		})
		if !lifeSameEnv(got, env) || err != nil {
			t.Errorf("the child of %q has %q, %v", env, got, err)
		}
	}
}

func lifeSameEnv(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// A program has a group of its own unless SysProcAttr says otherwise.
func TestGroupOfAProgram(t *testing.T) {
	t.Parallel()
	p := lifeCommand(t, multiproc.Options{}, "sleep", "1000")
	session, _ := lifeSession(os.Getpid())
	if s, group := lifeSession(p.PID()); s != session || group != p.PID() {
		t.Errorf("session %d, group %d of %d", s, group, p.PID())
	}
	d := lifeCommand(t, multiproc.Options{Detached: true}, "sleep", "1000")
	if s, group := lifeSession(d.PID()); s != d.PID() || group != d.PID() {
		t.Errorf("detached: session %d, group %d of %d", s, group, d.PID())
	}
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	q, err := multiproc.StartCommand(lifeCtx(t), cmd, multiproc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lifeEnd(t, q)
	if s, group := lifeSession(q.PID()); s != session || group != syscall.Getpgrp() {
		t.Errorf("with SysProcAttr: session %d, group %d; want %d, %d", s, group, session, syscall.Getpgrp())
	}
}
