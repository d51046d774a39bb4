//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A worker looks up from a huge file to see whether it is still wanted.
func TestCancelledInTheMiddle(t *testing.T) {
	huge := filepath.Join(t.TempDir(), "huge")
	if err := errors.Join(os.WriteFile(huge, nil, 0o644), os.Truncate(huge, 1<<30)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := &hasher{ctx: ctx, buf: make([]byte, 1<<10)}
	if digest, err := h.file(huge); !errors.Is(err, context.Canceled) {
		t.Errorf("%x, %v, want %v", digest, err, context.Canceled)
	}
}

// A worker that is in the middle and stays there does not hold Ctrl-C up.
func TestInterrupt(t *testing.T) {
	dir := plant(t, nil)
	root := filepath.Join(dir, "tree")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	// It takes hours to read and no room: only an interrupt ends the program.
	huge := filepath.Join(root, "huge")
	if err := errors.Join(os.WriteFile(huge, nil, 0o644), os.Truncate(huge, 8<<40)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "small"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, dir, "-workers", "2", "-sabotage", "tree")
	cmd.Env = append(cmd.Env, programEnv+"=patient") // so that the workers have to listen
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The sabotaged worker had the huge file, and then another has it.
	var dead int
	if _, err := fmt.Fscanf(stderr, "checksum: killed worker %d", &dead); err != nil {
		t.Fatal(err)
	}
	for net := time.Now().Add(time.Minute); runtime.GOOS == "linux" && !openBeside(dead, huge); time.Sleep(time.Millisecond) {
		if time.Now().After(net) {
			t.Fatal("nobody reads the huge file")
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	net := time.AfterFunc(time.Minute, func() { t.Error("it does not end"); _ = cmd.Process.Kill() })
	err = cmd.Wait()
	net.Stop()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v, want interrupt", err)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout %q, want nothing that is incomplete", &stdout)
	}
}

// openBeside reports whether a process has the file open, other than that one.
func openBeside(pid int, path string) bool {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	return slices.ContainsFunc(fds, func(fd string) bool {
		target, _ := os.Readlink(fd) // which may be closed by now
		return target == path && !strings.HasPrefix(fd, fmt.Sprintf("/proc/%d/", pid))
	})
}
