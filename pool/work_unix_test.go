//go:build unix

package pool_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"multiproc"
)

// A job is what the tests want of a worker, step by step.
type job struct {
	N      int
	Touch  string        // make this file
	Await  string        // and wait until this one is there
	Append string        // write a byte to this one: who counts them knows how often it ran
	Sleep  time.Duration // unless ctx ends
	Deaf   bool          // also if ctx ends
	Kill   bool          // die by SIGKILL
	Once   string        // only if this file can't be made, for it is there
	Alloc  int           // bytes to use
	Fail   bool
}

type done struct {
	N, PID int
	Procs  int
	Env    string
}

var work = multiproc.NewFunc("work", doJob)

func doJob(ctx context.Context, j job) (done, error) {
	if j.Append != "" {
		f, err := os.OpenFile(j.Append, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return done{}, err
		}
		f.WriteString(strconv.Itoa(j.N) + "\n")
		f.Close()
	}
	if j.Touch != "" {
		if err := os.WriteFile(j.Touch, nil, 0o600); err != nil {
			return done{}, err
		}
	}
	for pause := time.Millisecond; j.Await != ""; pause = min(2*pause, 200*time.Millisecond) { // 200 may wait
		if _, err := os.Stat(j.Await); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return done{}, ctx.Err()
		case <-time.After(pause):
		}
	}
	end := ctx.Done()
	if j.Deaf {
		end = nil
	}
	if j.Sleep > 0 {
		select {
		case <-end:
			return done{}, ctx.Err()
		case <-time.After(j.Sleep):
		}
	}
	if j.Kill && first(j.Once) {
		return done{}, hurt(ctx, "kill")
	}
	if j.Alloc > 0 {
		useMemory(j.Alloc)
	}
	if j.Fail {
		return done{}, errOdd
	}
	return done{N: j.N, PID: os.Getpid(), Procs: procs(), Env: os.Getenv("POOL_TEST")}, nil
}

// first reports whether nobody was here before; always without a file for that.
func first(path string) bool {
	if path == "" {
		return true
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		f.Close()
	}
	return err == nil
}

// awaitFile waits until a worker has made it.
func awaitFile(t testing.TB, path string) {
	t.Helper()
	ctx := net(t)
	for {
		if _, err := os.Stat(path); err == nil {
			return
		} else if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is not made", path)
		case <-time.After(time.Millisecond):
		}
	}
}

// eventually waits until ok is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := net(t)
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}
