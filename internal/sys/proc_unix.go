//go:build unix

package sys

import (
	"os"
	"runtime"
	"syscall"
)

// Start starts the process that spec describes and returns once exec
// succeeded. The error of a failed exec is a *fs.PathError with its errno.
func Start(spec *Spec) (*Proc, error) {
	files := make([]uintptr, len(spec.Files))
	for i, fd := range spec.Files {
		files[i] = uintptr(fd)
	}
	attr := &syscall.ProcAttr{
		Dir: spec.Dir, Env: spec.Env, Files: files,
		Sys: OwnGroup(spec.Session),
	}
	p, err := start(spec, attr)
	if err != nil {
		return nil, err
	}
	p.Leader = true
	return p, nil
}

// plainStart starts a process and lets the os package watch it.
func plainStart(spec *Spec, attr *syscall.ProcAttr) (*Proc, error) {
	pid, err := syscall.ForkExec(spec.Path, spec.Argv, attr)
	if err != nil {
		return nil, startError(spec, err)
	}
	p, _ := os.FindProcess(pid) // never fails on Unix
	return &Proc{PID: pid, proc: p}, nil
}

func fillExit(exit *Exit, state *os.ProcessState) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok {
		exitStatus(exit, ws)
	}
	if ru, ok := state.SysUsage().(*syscall.Rusage); ok {
		exit.MaxRSS = maxRSS(int64(ru.Maxrss)) //nolint:unconvert // 32 bits on some
	}
}

func exitStatus(exit *Exit, ws syscall.WaitStatus) {
	exit.Code = ws.ExitStatus()
	exit.CoreDumped = ws.CoreDump()
	if ws.Signaled() {
		exit.Signal = ws.Signal()
	}
}

// maxRSS turns ru_maxrss into bytes: kilobytes everywhere but on Darwin, see
// getrusage(2).
func maxRSS(ru int64) int64 {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return ru
	}
	return ru << 10
}

// LeadsGroup reports whether a program that is started with attr leads a process
// group.
func LeadsGroup(attr *syscall.SysProcAttr) bool {
	return attr != nil && (attr.Setsid || (attr.Setpgid || attr.Foreground) && attr.Pgid == 0)
}

// OwnGroup puts a program into a process group of its own, or into a session.
func OwnGroup(session bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: !session, Setsid: session}
}
