package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync/atomic"

	"multiproc/bench/internal/serve"
)

// A worker is used by one caller at a time.
type worker struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Writer
	enc   *gob.Encoder
	dec   *gob.Decoder
}

type workers struct {
	all  []*worker
	idle chan *worker
}

func open(n int) (serve.Pool, error) {
	p := &workers{idle: make(chan *worker, n)}
	for range n {
		w, err := start()
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.all = append(p.all, w)
		p.idle <- w
	}
	return p, nil
}

func start() (*worker, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, workerArg)
	cmd.Stderr = os.Stderr
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(stdin, 64<<10)
	w := &worker{cmd, stdin, out, gob.NewEncoder(out), gob.NewDecoder(bufio.NewReaderSize(stdout, 64<<10))}
	return w, cmd.Start()
}

func (w *worker) roundTrip(m *message) error {
	if err := errors.Join(w.enc.Encode(m), w.out.Flush()); err != nil {
		return err
	}
	*m = message{}
	return w.dec.Decode(m)
}

func (p *workers) do(m *message) error {
	w := <-p.idle
	defer func() { p.idle <- w }()
	return w.roundTrip(m)
}

func (p *workers) Call(n int) (int, error) {
	m := message{N: n}
	err := p.do(&m)
	return m.N, err
}

func (p *workers) Echo(b []byte) ([]byte, error) {
	m := message{Bytes: b}
	err := p.do(&m)
	return m.Bytes, err
}

// Map lets each worker take the next tasks, a window of them at a time.
func (p *workers) Map(n, chunk int) error {
	if chunk == 0 {
		chunk = serve.Chunk(n, len(p.all))
	}
	squares := make([]int, n)
	var next atomic.Int64
	errs := make(chan error)
	for _, w := range p.all {
		go func() { errs <- w.share(&next, squares, chunk) }()
	}
	var err error
	for range p.all {
		err = errors.Join(err, <-errs)
	}
	for i, square := range squares {
		err = serve.Check(i, square, err)
	}
	return err
}

const window = 64

// share is one worker's part of Map.
func (w *worker) share(next *atomic.Int64, squares []int, chunk int) error {
	sent := make(chan int, window)
	failed := make(chan error, 1)
	go func() {
		defer close(sent)
		failed <- w.send(next, len(squares), chunk, sent)
	}()
	var err error
	for from := range sent {
		var m message
		if err == nil {
			err = w.dec.Decode(&m)
		}
		if chunk == 1 {
			squares[from] = m.N
		}
		copy(squares[from:], m.Chunk)
	}
	return errors.Join(err, <-failed)
}

// send sends tasks until there are no more. It flushes before it waits.
func (w *worker) send(next *atomic.Int64, n, chunk int, sent chan<- int) error {
	for {
		from := int(next.Add(int64(chunk))) - chunk
		if from >= n {
			return w.out.Flush()
		}
		m := message{N: from}
		if chunk > 1 {
			m.Chunk = make([]int, 0, chunk)
			for i := from; i < min(from+chunk, n); i++ {
				m.Chunk = append(m.Chunk, i)
			}
		}
		if err := w.enc.Encode(&m); err != nil {
			return err
		}
		select {
		case sent <- from:
			continue
		default:
		}
		if err := w.out.Flush(); err != nil {
			return err
		}
		sent <- from
	}
}

func (p *workers) PIDs() (pids []int) {
	for _, w := range p.all {
		pids = append(pids, w.cmd.Process.Pid)
	}
	return pids
}

func (p *workers) Close() (err error) {
	for _, w := range p.all {
		err = errors.Join(err, w.stdin.Close())
	}
	for _, w := range p.all {
		err = errors.Join(err, w.cmd.Wait())
	}
	return err
}
