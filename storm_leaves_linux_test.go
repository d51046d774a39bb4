package multiproc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// stormLeaves are functions without children of their own.
var stormLeaves = map[string]func(ctx context.Context, a stormArg, rng *rand.Rand){
	"short": func(_ context.Context, _ stormArg, rng *rand.Rand) {
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
	},
	"idle":   func(ctx context.Context, _ stormArg, _ *rand.Rand) { <-ctx.Done() },
	"keeper": func(ctx context.Context, a stormArg, _ *rand.Rand) { a.litter(ctx) },
	"deaf": func(context.Context, stormArg, *rand.Rand) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		select {}
	},
	"spinner": func(context.Context, stormArg, *rand.Rand) {
		for i := uint(0); ; i++ {
			runtime.KeepAlive(i)
		}
	},
	"stopped": func(ctx context.Context, _ stormArg, _ *rand.Rand) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-ctx.Done()
	},
	"closer": func(context.Context, stormArg, *rand.Rand) {
		stormCloseAll()
		select {}
	},
	"execer": func(ctx context.Context, _ stormArg, _ *rand.Rand) { // past the library, in its group
		if err := exec.Command("sleep", "1000").Start(); err != nil {
			stormSay(stormOdd, "exec", err)
		}
		<-ctx.Done()
	},
}

func (a stormArg) beLeaf(ctx context.Context, rng *rand.Rand) error {
	leaf := stormLeaves[a.What]
	if leaf == nil {
		return fmt.Errorf("no leaf %q", a.What)
	}
	leaf(ctx, a, rng)
	return ctx.Err()
}

// pickLeaf picks short ones often, so that there is always one that starts.
func (a stormArg) pickLeaf(rng *rand.Rand) string {
	names := []string{"short", "short", "short", "idle", "keeper", "deaf", "stopped", "closer", "execer"}
	if a.Spin {
		names = append(names, "spinner", "spinner")
	}
	return names[rng.IntN(len(names))]
}

// stormCloseAll closes everything but the standard streams and what the Go
// runtime can't live without.
func stormCloseAll() {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		fd, _ := strconv.Atoi(e.Name())
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if fd > 2 && !strings.HasPrefix(target, "anon_inode:[event") {
			_ = syscall.Close(fd)
		}
	}
}

// stormPrograms are not in Go. A group may have members that its leader does
// not wait for, and that hear no SIGTERM.
var stormPrograms = [][]string{
	{"sleep", "0.01"},
	{"sleep", "1000"},
	{"sh", "-c", `sleep 0.02; exit 3`},
	{"sh", "-c", `sleep 1000 & sleep 1000`},
	{"sh", "-c", `trap "" TERM; sleep 1000 & sleep 1000`},
	{"sh", "-c", `trap "" TERM; sleep 1000 & sleep 1000; :`},
	{"sh", "-c", `kill -STOP $$; sleep 1000`},
}

func (a stormArg) startProgram(ctx context.Context, rng *rand.Rand) (*multiproc.Process, error) {
	n := len(stormPrograms)
	if a.What == "single" {
		n = 2 // which start nothing themselves
	}
	argv := stormPrograms[rng.IntN(n)]
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // without a mark
	if rng.IntN(3) > 0 {
		cmd.Env = append(os.Environ(), stormPath+"="+a.Path, stormWhat+"=program")
	}
	opts := multiproc.Options{Grace: stormGrace / time.Duration(1+rng.IntN(3)), Daemon: rng.IntN(2) == 0}
	return multiproc.StartCommand(context.WithoutCancel(ctx), cmd, opts)
}

// litter makes files and directories that go with this process, and removes
// some of them, until ctx ends. Each has a name and number of its own.
func (a stormArg) litter(ctx context.Context) {
	const kept = 3 // of each
	kinds := []func(string) (func() error, error){stormDir, stormFile, stormFile}
	places := []string{a.Base, a.Base, a.Base}
	if os.Getenv(stormShm) != "" { // else other tests would find it there
		places[2] = "/dev/shm"
	}
	removes := make([]func() error, kept*len(kinds))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		slot := i % len(removes)
		if remove := removes[slot]; remove != nil {
			if err := remove(); err != nil {
				stormSay(stormOdd, a.Path, "remove", err)
			}
		}
		kind := i % len(kinds)
		name := stormLitter{os.Getenv(stormMark), a.Path, i}.name()
		remove, err := kinds[kind](filepath.Join(places[kind], name))
		if err != nil {
			stormSay(stormOdd, a.Path, "make", err)
		}
		removes[slot] = remove
		<-tick.C
	}
}

// stormDir makes a directory that goes with this process, with something in it.
func stormDir(path string) (remove func() error, err error) {
	if err := tracker.Dir.Register(path); err != nil {
		return nil, err
	}
	return func() error { return tracker.Dir.Release(context.Background(), path) },
		os.MkdirAll(filepath.Join(path, "with", "something"), 0o700)
}

func stormFile(path string) (remove func() error, err error) {
	if err := tracker.File.Register(path); err != nil {
		return nil, err
	}
	return func() error { return tracker.File.Release(context.Background(), path) },
		os.WriteFile(path, []byte("something"), 0o600)
}
