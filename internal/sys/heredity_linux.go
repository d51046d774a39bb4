package sys

import (
	"bytes"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Heredity tells what a process that is started now would inherit of this one,
// other than what a Spec says. The zero Heredity is ready to use.
type Heredity struct {
	mu    sync.Mutex
	files []*os.File
	buf   []byte
}

// heredityFiles have it in the kernel's words: proc_pid_status(5) and others.
var heredityFiles = []string{"/proc/self/status", "/proc/self/limits", "/proc/self/cgroup"}

// passedOn are those lines of status that a child takes over. The umask is one
// too, but a process can change its own.
var passedOn = map[string]bool{
	"Uid": true, "Gid": true, "Groups": true, "SigIgn": true, "NoNewPrivs": true,
	"Seccomp": true, "Seccomp_filters": true, "Cpus_allowed": true, "Mems_allowed": true,
	"THP_enabled": true, "Speculation_Store_Bypass": true, "SpeculationIndirectBranch": true,
	"CapInh": true, "CapPrm": true, "CapEff": true, "CapBnd": true, "CapAmb": true,
}

// Read returns the umask, and all else in a form that can be compared with
// other answers.
func (h *Heredity) Read() (umask int, rest string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.openLocked(); err != nil {
		return -1, "", err
	}
	umask = -1
	var all []byte
	for i, f := range h.files {
		n, err := pread(f, h.buf)
		if err != nil {
			return -1, "", err
		}
		if text := h.buf[:n]; i > 0 {
			all = append(all, text...)
		} else if umask, all = parseStatus(text, all); umask < 0 {
			return -1, "", os.NewSyscallError("read status", unix.ENODATA) // before Linux 4.7
		}
	}
	var root unix.Stat_t
	if err := unix.Stat("/", &root); err != nil {
		return -1, "", os.NewSyscallError("stat", err)
	}
	session, _ := unix.Getsid(0) // which never fails
	for _, n := range []uint64{root.Dev, root.Ino, uint64(session)} {
		all = strconv.AppendUint(append(all, ' '), n, 10)
	}
	return umask, string(all), nil
}

func (h *Heredity) openLocked() error {
	const enough = 16 << 10 // a supplementary group takes up to 11 bytes
	for _, path := range heredityFiles[len(h.files):] {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		ReserveFile(f)
		h.files = append(h.files, f)
	}
	if h.buf == nil {
		h.buf = make([]byte, enough)
	}
	return nil
}

// pread reads what the kernel has made up anew, without the poller.
func pread(f *os.File, p []byte) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	if cerr := conn.Control(func(fd uintptr) { n, err = unix.Pread(int(fd), p, 0) }); cerr != nil {
		return 0, cerr
	}
	return n, os.NewSyscallError("pread", err)
}

// parseStatus appends what is passed on to list.
func parseStatus(status, list []byte) (umask int, _ []byte) {
	umask = -1
	for line := range bytes.Lines(status) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case string(key) == "Umask":
			if n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 8, 32); err == nil {
				umask = int(n)
			}
		case passedOn[string(key)]:
			list = append(list, line...)
		}
	}
	return umask, list
}

// Close lets go of what Read keeps. Read may be called again.
func (h *Heredity) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.files {
		CloseReserved(f)
	}
	h.files = nil
}
