package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// faultNode is a process of a tree, to the depth of levels below it. It
// registers a file, tells what came of it in a file, and waits to be ended.
type faultNode struct {
	Levels int
	Path   string
}

// crowdLevels is the depth of a tree that has more processes than its tracker has
// room for, though none of them has more children than it has room for.
const crowdLevels = 3

// below are the nodes right below this one.
func (n faultNode) below() (nodes []faultNode) {
	for i := range 3 * min(n.Levels, 1) {
		nodes = append(nodes, faultNode{n.Levels - 1, fmt.Sprint(n.Path, "-", i)})
	}
	return nodes
}

// under are all nodes below this one.
func (n faultNode) under() (nodes []faultNode) {
	for _, b := range n.below() {
		nodes = append(append(nodes, b), b.under()...)
	}
	return nodes
}

// faultGrow starts the processes below a node, which can't name itself.
var faultGrow func(ctx context.Context, n faultNode) error

var faultBranch = multiproc.NewFunc("fault-branch", func(ctx context.Context, n faultNode) (int, error) {
	if err := faultGrow(ctx, n); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, ctx.Err()
})

func init() {
	faultGrow = func(ctx context.Context, n faultNode) error {
		for _, below := range n.below() {
			if _, err := faultBranch.With(multiproc.Options{Grace: ownerGrace}).Start(ctx, below); err != nil {
				return err
			}
		}
		f := faultOf(tracker.File.Register(n.Path + ".left"))
		return lifeTell(n.Path+".told", fmt.Sprintln(os.Getpid(), f.Unavailable, f.Text == "", f.Text))
	}
}

// faultCrowd is more than its tracker has descriptors for.
var faultCrowd = program("fault-crowd", func() {
	multiproc.Main(func(ctx context.Context) error {
		few := syscall.Rlimit{Cur: 32, Max: 32}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			return err
		}
		if err := faultGrow(ctx, faultNode{crowdLevels, os.Args[1]}); err != nil {
			return err
		}
		<-ctx.Done()
		select {}
	})
})

// faultCPU is the processor time that a process has used.
func faultCPU(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// A tracker that has no descriptors left serves whom it can; the others are told,
// and nobody tries for ever.
func TestTrackerOutOfDescriptors(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "node")
	s := stageCommand(t, patient(coldOnly(programCommand(t, faultCrowd, base))))
	s.abrupt = true
	pids := []int{s.cmd.Process.Pid}
	refused := 0
	nodes := faultNode{crowdLevels, base}.under()
	for _, n := range nodes {
		told := lifeHear(t, n.Path+".told")
		var pid int
		var unavailable, fine bool
		if _, err := fmt.Sscan(told, &pid, &unavailable, &fine); err != nil {
			t.Fatal(told, err)
		}
		pids = append(pids, pid)
		if unavailable == fine {
			t.Error(told)
		}
		if !fine {
			refused++
		}
	}
	lifeHear(t, base+".told")
	pids = append(pids, (&ownerRun{t: t, cmd: s.cmd}).tracker())
	before := map[int]time.Duration{}
	for _, pid := range pids {
		before[pid] = faultCPU(t, pid)
	}
	time.Sleep(time.Second) // to be measured
	for _, pid := range pids {
		if used := faultCPU(t, pid) - before[pid]; used > 100*time.Millisecond {
			t.Errorf("%d used %v in a second", pid, used)
		}
	}
	if refused == 0 || refused == len(nodes) {
		t.Errorf("%d of %d refused", refused, len(nodes))
	}
	s.signal(os.Kill)
	s.end(-int(syscall.SIGKILL))
}
