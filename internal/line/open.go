package line

import (
	"errors"
	"os"

	"multiproc/internal/sys"
)

// The names of the files by which a worker finds its end.
const (
	fileTasks  = "multiproc/pool tasks"
	fileCancel = "multiproc/pool cancel"
	filePage   = "multiproc/pool page"
)

// Open makes a line to another process, which must be given the files; they can
// be closed once it was started.
func Open() (_ *Line, files map[string]*os.File, err error) {
	files = make(map[string]*os.File, 3)
	s := &sockets{fd: -1}
	defer func() {
		if err == nil {
			return
		}
		CloseFiles(files)
		if s.fd >= 0 {
			sys.Unreserve(s.fd)
			_ = sys.Close(s.fd)
		}
		if s.ctl != nil {
			sys.CloseReserved(s.ctl)
		}
	}()
	var tasks, cancel int
	if s.fd, tasks, err = sys.BarePair(); err != nil {
		return nil, nil, err
	}
	files[fileTasks] = os.NewFile(uintptr(tasks), fileTasks)
	if s.ctl, cancel, err = sys.Pair(); err != nil {
		return nil, nil, err
	}
	files[fileCancel] = os.NewFile(uintptr(cancel), fileCancel)
	file, err := sharedFile()
	if err != nil {
		return nil, nil, err
	}
	files[filePage] = file
	p, err := mapPage(file)
	if err != nil {
		return nil, nil, err
	}
	return newLine(s, p), files, nil
}

// CloseFiles closes what Open returned.
func CloseFiles(files map[string]*os.File) {
	for _, f := range files {
		f.Close()
	}
}

var errNoLine = errors.New("line: this process was not given one")

// Adopt makes the worker's end of the files that this process was given.
func Adopt(inherited func(name string) (*os.File, bool), settings Settings) (*Worker, error) {
	var files [3]*os.File
	for i, name := range []string{fileTasks, fileCancel, filePage} {
		f, ok := inherited(name)
		if !ok {
			return nil, errNoLine
		}
		files[i] = f
	}
	defer files[2].Close()
	p, err := mapPage(files[2])
	if err != nil {
		return nil, err
	}
	for _, f := range files[:2] {
		sys.ReserveFile(f)
	}
	// Fd leaves a file that blocks, as these do.
	return newWorker(&descriptors{files: files, tasks: int(files[0].Fd()), cancel: int(files[1].Fd())}, p, settings), nil
}

// descriptors are the stream from another process. They block: nothing is
// quicker, and the worker has nothing else to do.
type descriptors struct {
	files         [3]*os.File // which own the numbers
	tasks, cancel int
}

func (d *descriptors) read(p []byte) (int, error)       { return sys.Read(d.tasks, p) }
func (d *descriptors) write(p []byte) error             { return sys.WriteAll(d.tasks, p) }
func (d *descriptors) readCancel(p []byte) (int, error) { return sys.Read(d.cancel, p) }

func (d *descriptors) end() {
	sys.StopReading(d.tasks)
	sys.StopReading(d.cancel)
}
