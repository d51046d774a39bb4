package multiproc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A stormResult is what one round has shown.
type stormResult struct {
	Round    int
	Blow     string
	Kind     string
	Most     int           // processes at once, as far as was seen
	Newborn  int           // that nothing ended, see newborn
	Clean    time.Duration // from the blow until all that had to go was gone; zero: nothing had to
	End      time.Duration // from the root's death after that until everything was gone; zero: it was
	Victims  string
	Problems []string
	Log      string // of the program, if there are problems
}

// stormWatch goes through every so many rounds, one at a time. It is a process
// of its own, which adopts the orphans of its storm: what is left of a round is
// what descends from it, whatever that has done to its environment, and
// when there is nothing left to wait for, nothing is left.
var stormWatch = program("storm-watch", func() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	arg := func(i int) uint64 {
		n, err := strconv.ParseUint(os.Args[i], 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	seed, first, step, end := arg(2), arg(3), arg(4), arg(5)
	w := &stormWatcher{dir: os.Args[1], seed: seed, deck: stormDeck(seed, os.Args[6])}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // the test is over
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sweep()
		litter, _ := filepath.Glob(fmt.Sprintf("/dev/shm/storm-%d-*", os.Getpid()))
		for _, path := range litter {
			_ = os.Remove(path)
		}
		os.Exit(0)
	}()
	out := json.NewEncoder(os.Stdout)
	for i := first; i < end; i += step {
		r := w.run(int(i))
		w.mu.Lock()
		w.sweep()
		w.mu.Unlock()
		if err := out.Encode(r); err != nil {
			break
		}
	}
	os.Exit(0)
})

type stormWatcher struct {
	dir  string
	seed uint64
	deck []stormBlow

	mu sync.Mutex // held while processes are started, and to end everything
}

// spawn starts the program of a round.
func (w *stormWatcher) spawn(r *stormRound) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	log, err := os.Create(r.base + ".log")
	if err != nil {
		return err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	env := append([]string{
		programVar + "=" + stormRoot, stormMark + "=" + r.mark, stormPath + "=", stormWhat + "=root",
		"MULTIPROC_EXIT_TRACE=" + r.base + ".exit",
	}, os.Environ()...) // the first counts
	if r.warm {
		env = append([]string{methodVar + "=warm"}, env...)
	}
	r.root, err = syscall.ForkExec("/proc/self/exe", []string{os.Args[0], r.base, strconv.FormatUint(r.rng.Uint64(), 10)},
		&syscall.ProcAttr{Env: env, Files: []uintptr{null.Fd(), log.Fd(), log.Fd()}})
	return err
}

// reap takes what has ended, and reports whether nobody is left at all. Every
// child of a watcher is its own or was adopted from its storm.
func (w *stormWatcher) reap() (empty bool) {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.ECHILD):
			return true
		case err == nil && pid == 0:
			return false
		}
	}
}

// sweep ends whatever a round has left, so that nothing stays on the machine.
func (w *stormWatcher) sweep() {
	scan := stormScan{seen: map[stormKey]stormProc{}}
	for end := time.Now().Add(lifeNet); !w.reap() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, p := range scan.below(os.Getpid()) {
			p.signal(syscall.SIGKILL)
		}
	}
}
