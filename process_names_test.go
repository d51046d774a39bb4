package multiproc_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"multiproc"
)

// lifeSelf is what a process knows of itself.
type lifeSelf struct {
	Name, Parent   string
	PID, ParentPID int
	Daemon, Child  bool
	Alive, Ended   bool
	ParentAlive    bool
	Children       int
}

var lifeWho = multiproc.NewFunc("life-who", func(context.Context, struct{}) (lifeSelf, error) {
	me, parent := multiproc.CurrentProcess(), multiproc.ParentProcess()
	_, ended := me.ExitCode()
	return lifeSelf{
		Name: me.Name(), PID: me.PID(), Daemon: me.Daemon(), Alive: me.Alive(), Ended: ended,
		Child: multiproc.IsChild(), Parent: parent.Name(), ParentPID: parent.PID(), ParentAlive: parent.Alive(),
		Children: len(multiproc.ActiveChildren()),
	}, nil
})

// TESTS 60: the main process.
func TestCurrentProcessIsMain(t *testing.T) {
	t.Parallel()
	p := multiproc.CurrentProcess()
	if p.Name() != "MainProcess" || p.PID() != os.Getpid() || p.Daemon() || !p.Alive() {
		t.Errorf("CurrentProcess() = %v, alive %v", p, p.Alive())
	}
	if code, ok := p.ExitCode(); ok || p.Status().Ended {
		t.Errorf("ExitCode() = %d, true of a process that runs", code)
	}
	select {
	case <-p.Done():
		t.Error("Done is closed")
	default:
	}
	if parent := multiproc.ParentProcess(); parent != nil || multiproc.IsChild() {
		t.Errorf("ParentProcess() = %v, IsChild() = %v", parent, multiproc.IsChild())
	}
}

// TESTS 62, 63, 66: a child knows itself as its parent knows it.
func TestChildKnowsItself(t *testing.T) {
	t.Parallel()
	for _, opts := range []multiproc.Options{{}, {Name: "größte \xff"}, {Daemon: true}} {
		c := lifeStart(t, lifeWho.With(opts), struct{}{})
		got, err := c.Result(lifeCtx(t))
		want := lifeSelf{
			Name: c.Name(), PID: c.PID(), Daemon: opts.Daemon, Alive: true, Child: true,
			Parent: "MainProcess", ParentPID: os.Getpid(), ParentAlive: true,
		}
		if got != want || err != nil {
			t.Errorf("Result() = %+v, %v; want %+v", got, err, want)
		}
		if opts.Name != "" && c.Name() != opts.Name || c.Daemon() != opts.Daemon {
			t.Errorf("%+v made %v", opts, c)
		}
	}
}

// TESTS 65-67, 70, 72: what the getters say while a child runs and after it.
func TestGettersFollowTheLife(t *testing.T) {
	t.Parallel()
	c := lifeRunning(t, multiproc.Options{})
	code, ok := c.ExitCode()
	if !c.Alive() || ok || c.Status() != (multiproc.ExitStatus{}) || !strings.Contains(c.String(), "running") {
		t.Errorf("running: Alive %v, ExitCode %d %v, %v", c.Alive(), code, ok, c)
	}
	select {
	case <-c.Done():
		t.Error("Done is closed while it runs")
	default:
	}
	if n := lifeCount(c.Process); n != 1 {
		t.Errorf("listed %d times while it runs", n)
	}
	if err := c.Terminate(); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if n := lifeCount(c.Process); n != 0 || c.Alive() {
		t.Errorf("ended: listed %d times, Alive %v", n, c.Alive())
	}
	if code, ok := c.ExitCode(); code != -15 || !ok || !c.Status().Ended || strings.Contains(c.String(), "running") {
		t.Errorf("ended: ExitCode %d %v, %v", code, ok, c)
	}
}

func lifeCount(p *multiproc.Process) (n int) {
	for _, c := range multiproc.ActiveChildren() {
		if c == p {
			n++
		}
	}
	return n
}

// TESTS 67, 72: a child that succeeded.
func TestGettersAfterSuccess(t *testing.T) {
	t.Parallel()
	c := lifeStart(t, lifeWho, struct{}{})
	if err := c.Wait(lifeCtx(t)); err != nil {
		t.Error(err)
	}
	if code, ok := c.ExitCode(); code != 0 || !ok || c.Alive() || !c.Status().Success() || lifeCount(c.Process) != 0 {
		t.Errorf("ExitCode() = %d, %v; %v", code, ok, c)
	}
}

// TESTS 70: the list is a snapshot, in the order of the starts.
func TestActiveChildrenIsASnapshot(t *testing.T) {
	t.Parallel()
	var mine []*multiproc.Process
	for range 3 {
		mine = append(mine, lifeStart(t, lifeWait, "").Process)
	}
	mine = append(mine, lifeCommand(t, multiproc.Options{}, "sleep", "1000"))
	seen := func() []*multiproc.Process { // the others are other tests'
		return slices.DeleteFunc(multiproc.ActiveChildren(), func(p *multiproc.Process) bool { return !slices.Contains(mine, p) })
	}
	if got := seen(); !slices.Equal(got, mine) {
		t.Errorf("ActiveChildren has %v of ours, want %v", got, mine)
	}
	clear(multiproc.ActiveChildren()) // the caller's to spoil
	if err := mine[1].Stop(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	mine = slices.Delete(mine, 1, 2)
	if got := seen(); !slices.Equal(got, mine) {
		t.Errorf("ActiveChildren has %v of ours, want %v", got, mine)
	}
}
