package sys

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hasPidfds reports whether pidfds can be opened, waited for and signalled:
// Linux has that since 5.4, but a sandbox may refuse a part of it.
var hasPidfds = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	var info siginfo
	err = waitid(fd, &info, unix.WEXITED|unix.WNOHANG, nil)
	return errors.Is(err, unix.ECHILD) && // nobody is his own child; EINVAL would not know P_PIDFD
		unix.PidfdSendSignal(fd, 0, nil, 0) == nil
})

func start(spec *Spec, attr *syscall.ProcAttr) (*Proc, error) {
	if !hasPidfds() {
		return plainStart(spec, attr)
	}
	fd := -1
	attr.Sys.PidFD = &fd // CLONE_PIDFD: no moment at which the pid could be somebody else's
	pid, err := syscall.ForkExec(spec.Path, spec.Argv, attr)
	if err != nil {
		return nil, startError(spec, err)
	}
	return pidfdProc(pid, fd), nil
}

// Watch returns a Proc for a child that the os package started. The pidfd is
// opened anew, since the flags of a duplicate of os.Process's own would be
// shared with it.
func Watch(proc *os.Process) *Proc {
	if !hasPidfds() {
		return &Proc{PID: proc.Pid, proc: proc}
	}
	fd, err := unix.PidfdOpen(proc.Pid, unix.PIDFD_NONBLOCK)
	if errors.Is(err, unix.ESRCH) { // it has ended, and somebody else has taken its status
		fd, err = ownPidfd(proc)
	}
	if err != nil {
		return &Proc{PID: proc.Pid, proc: proc}
	}
	return pidfdProc(proc.Pid, fd)
}

// ownPidfd duplicates the pidfd of a process that has ended: nobody waits by
// it any more, so that its flags don't matter.
func ownPidfd(proc *os.Process) (int, error) {
	fd, err := -1, error(nil)
	if herr := proc.WithHandle(func(handle uintptr) {
		fd, err = unix.FcntlInt(handle, unix.F_DUPFD_CLOEXEC, 0)
	}); herr != nil {
		return -1, herr
	}
	return fd, err
}

// pidfdProc puts a pidfd into the runtime's poller. Where the runtime can't,
// reading it would block a thread, which is no worse than waiting.
func pidfdProc(pid, fd int) *Proc {
	_ = unix.SetNonblock(fd, true)
	Reserve(fd)
	return &Proc{PID: pid, fd: os.NewFile(uintptr(fd), "pidfd")}
}

func (p *Proc) pidfdSignal(sig syscall.Signal, flags int) error {
	var err error
	if cerr := p.control(func(fd int) { err = unix.PidfdSendSignal(fd, sig, nil, flags) }); cerr != nil {
		return ErrProcessDone
	}
	if errors.Is(err, unix.ESRCH) {
		return ErrProcessDone
	}
	return os.NewSyscallError("pidfd_send_signal", err)
}

func (p *Proc) control(f func(fd int)) error {
	conn, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Control(func(fd uintptr) { f(int(fd)) })
}

// pidfdWait reaps the process. waitid(2) with P_PIDFD can't take the status of
// another child, as wait4 with a recycled pid could.
func (p *Proc) pidfdWait() Exit {
	exit := Exit{Lost: true} // should the pidfd be closed
	p.poll(func(fd int) bool {
		var info siginfo
		var usage unix.Rusage
		err := p.take(fd, &info, &usage)
		switch {
		case errors.Is(err, unix.ECHILD): // a stray wait(-1), or SIGCHLD is ignored
			// Whoever took it did so at or after the death, so this does not
			// wait; but for a child of somebody else ECHILD comes from the start on.
			if !Readable(fd) { // a pidfd is, once the process has ended
				return false
			}
			p.forget()
			exit = lostExit(fd)
			return true
		case err != nil || info.pid == 0:
			return false
		}
		exit = info.exit()
		exit.User = time.Duration(usage.Utime.Nano())
		exit.Sys = time.Duration(usage.Stime.Nano())
		exit.MaxRSS = maxRSS(int64(usage.Maxrss)) //nolint:unconvert // 32 bits on some
		return true
	})
	return exit
}

// take takes the status, if there is one. Whoever signals by number is kept out
// meanwhile.
func (p *Proc) take(fd int, info *siginfo, usage *unix.Rusage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.keepsGroup() && Readable(fd) {
		p.signalLast()
	}
	err := waitid(fd, info, unix.WEXITED|unix.WNOHANG, usage)
	p.gone = p.gone || err == nil && info.pid != 0
	return err
}

// poll calls done whenever the pidfd may have become readable, until it says
// true.
func (p *Proc) poll(done func(fd int) bool) { pollFile(p.fd, done) }

// pollFile calls done whenever the file may have become readable, until it says
// true or the file is closed.
func pollFile(file *os.File, done func(fd int) bool) {
	conn, err := file.SyscallConn()
	if err != nil {
		return
	}
	for {
		err = conn.Read(func(fd uintptr) bool { return done(int(fd)) })
		if err == nil {
			return
		}
		// The poller did not take the descriptor: block in poll(2) instead.
		err = conn.Control(func(fd uintptr) {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		})
		if err != nil {
			return // closed, which a bare connection does not say by os.ErrClosed
		}
	}
}

// siginfo is siginfo_t as waitid(2) fills it. unix.Siginfo keeps these fields
// to itself.
type siginfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte // the union is aligned to a pointer
	pid                int32
	uid                uint32
	status             int32
	_                  [128]byte
}

func waitid(pidfd int, info *siginfo, options int, usage *unix.Rusage) error {
	return unix.Waitid(unix.P_PIDFD, pidfd, (*unix.Siginfo)(unsafe.Pointer(info)), options, usage)
}

func (s *siginfo) exit() Exit {
	const cldExited, cldDumped = 1, 3
	if s.code == cldExited {
		return Exit{Code: int(s.status)}
	}
	return Exit{Code: -1, Signal: syscall.Signal(s.status), CoreDumped: s.code == cldDumped}
}

// pidfdInfo is struct pidfd_info of the kernel, as of Linux 6.15.
type pidfdInfo struct {
	mask, cgroup uint64
	ids          [11]uint32
	exit         int32
}

// lostExit asks the kernel for the status of a process that somebody else
// reaped: PIDFD_GET_INFO with PIDFD_INFO_EXIT, since Linux 6.15.
func lostExit(fd int) Exit {
	status, known := askExit(fd)
	if known && status == nil {
		// It is stored while the process is reaped, which whoever took it may still
		// be at, or, of a child of somebody else, not have begun: POLLHUP says that
		// it is over.
		const net = time.Second
		for start := time.Now(); ; {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, int(net.Milliseconds()))
			if !errors.Is(err, unix.EINTR) || time.Since(start) > net {
				break
			}
		}
		status, _ = askExit(fd)
	}
	if status == nil {
		return Exit{Lost: true}
	}
	var exit Exit
	exitStatus(&exit, *status)
	return exit
}

// askExit returns the status if there is one, and whether the kernel knows of it.
func askExit(fd int) (status *syscall.WaitStatus, known bool) {
	const infoExit = 1 << 3
	info := pidfdInfo{mask: infoExit}
	const request = 3<<30 | unsafe.Sizeof(info)<<16 | 0xFF<<8 | 11 // _IOWR(0xFF, 11, struct pidfd_info)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&info)))
	if errno != 0 || info.mask&infoExit == 0 {
		return nil, errno == 0
	}
	return new(syscall.WaitStatus(info.exit)), true
}
