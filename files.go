package multiproc

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"multiproc/internal/sys"
)

// InheritedFile returns the file that the parent gave this process under that
// name in Options.Files, once: it is the caller's from then on, to use and to
// close. A second call, another name and a process that is no child get false.
// It may be called from any goroutine, and from package initialisation on. A
// file that nobody asks for stays open until the process ends.
//
// Whether it blocks is as the parent has it, since O_NONBLOCK belongs to all who
// share the file: a pipe of os.Pipe and what net's File methods return do not,
// and wait in the runtime's poller here too. For a listener see
// net.FileListener, for a connection net.FileConn. Programs that this process
// starts do not inherit it. [os.File.Fd] would make it block, for everybody.
func InheritedFile(name string) (*os.File, bool) { return birth.files.claim(name) }

// An inheritance is the files that a child has been given and not claimed yet.
type inheritance struct {
	mu  sync.Mutex
	fds map[string]int
}

func (i *inheritance) adopt(names []string, number func(n int) int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fds = make(map[string]int, len(names))
	for n, name := range names {
		i.fds[name] = number(n)
		sys.CloseOnExec(i.fds[name])
	}
}

func (i *inheritance) claim(name string) (*os.File, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	fd, ok := i.fds[name]
	if !ok {
		return nil, false
	}
	delete(i.fds, name)
	return os.NewFile(uintptr(fd), name), true
}

// A heritage is the files that a child is going to be given: duplicates, so
// that none can be closed before it has them, in the order of their names.
type heritage struct {
	names []string
	fds   []int
}

func openHeritage(files map[string]*os.File) (*heritage, error) {
	h := &heritage{names: slices.Sorted(maps.Keys(files))}
	for _, name := range h.names {
		fd, err := duplicate(name, files[name])
		if err != nil {
			h.close()
			return nil, err
		}
		h.fds = append(h.fds, fd)
	}
	return h, nil
}

// duplicate does without File.Fd, as streams.use does.
func duplicate(name string, f *os.File) (fd int, err error) {
	switch {
	case name == "":
		return -1, fmt.Errorf("%w: Files has an entry without a name", errOptions)
	case f == nil:
		return -1, fmt.Errorf("%w: Files[%q] is nil: %w", errOptions, name, os.ErrInvalid)
	}
	conn, err := f.SyscallConn()
	if err == nil {
		if cerr := conn.Control(func(number uintptr) { fd, err = sys.Duplicate(int(number)) }); cerr != nil {
			return -1, fmt.Errorf("%w: Files[%q]: %w", errOptions, name, os.ErrClosed) // which cerr does not wrap
		}
	}
	if err != nil {
		return -1, fmt.Errorf("multiproc: Files[%q]: %w", name, err)
	}
	return fd, nil
}

func (h *heritage) close() {
	for _, fd := range h.fds {
		_ = sys.Close(fd)
	}
}
