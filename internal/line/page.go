package line

import (
	"errors"
	"os"
	"sync/atomic"

	"multiproc/internal/sys"
)

// The page is a head of numbers and the outbox. Behind it in the file is a bulk
// for each direction.
const (
	pageSize = 64 << 10 // a multiple of every page size in use
	headSize = 64
	fileSize = pageSize + 2*bulkSize

	wordBegun  = 0 // tasks that have begun, and the bit recall
	wordSince  = 1 // when the running one began, in ns of sys.Monotonic; zero: none runs, or nobody wants to know
	wordFirst  = 2 // the number of the first outcome in the outbox
	wordFilled = 3 // bytes of the outbox that hold outcomes
	wordTaken  = 4 // outcomes that the pool has done with
	wordBack   = 5 // tasks up to this one are not to begin any more
	words      = 6
)

// A page is what a worker leaves of its state, whatever ends it.
type page struct {
	words  []atomic.Uint64
	outbox []byte // nil in a page of one process, where nothing is left by a death
	mem    []byte // all of the file; nil likewise
}

// sharedFile returns a file for a page.
func sharedFile() (*os.File, error) {
	fd, err := sys.SharedMemory("multiproc-pool")
	if errors.Is(err, errors.ErrUnsupported) {
		return unnamedFile()
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "page")
	if err := sys.Truncate(fd, int64(fileSize)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unnamedFile is for systems without anonymous ones.
func unnamedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "multiproc-pool-")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Remove(f.Name()), f.Truncate(int64(fileSize))); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func mapPage(f *os.File) (*page, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var mem []byte
	if cerr := conn.Control(func(fd uintptr) { mem, err = sys.Map(int(fd), 0, fileSize) }); cerr != nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return &page{words: sys.Words(mem, words), outbox: mem[headSize:pageSize], mem: mem}, nil
}

// privatePage is that of a worker in this process.
func privatePage() *page { return &page{words: make([]atomic.Uint64, words)} }

// bulks are for tasks and for outcomes.
func (p *page) bulks() (tasks, outcomes bulk) {
	if p.mem == nil {
		return bulk{}, bulk{}
	}
	const middle = pageSize + bulkSize
	return bulk{mem: p.mem[pageSize:middle:middle]}, bulk{mem: p.mem[middle:]}
}

func (p *page) close() {
	if p.mem != nil {
		_ = sys.Unmap(p.mem)
	}
}
